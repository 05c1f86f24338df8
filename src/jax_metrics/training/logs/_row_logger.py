"""`RowLogger`: the base of loggers with one row for each step."""

import abc
from collections.abc import Mapping
from typing import Self

from jax_metrics.training.logs._row import checked_row


class RowLogger(abc.ABC):
    """One row for each step, in their order.

    What is logged at the step of the last row is added to it. The first row after opening may go
    back: it replaces the rows of its step and later ones, which a run before has left.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._last: tuple[int, dict[str, float]] | None = None  # the last row since opening

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Writes a row, or adds to the row of this step.

        Args:
            step: How many steps have been taken; never lower than in the previous row.
            values: Numbers by name.

        Raises:
            LogError: If it cannot be written. Earlier rows are intact.
            TypeError: If a value is not a number.
            ValueError: If the step is lower than that of the previous row.
        """
        step, row = checked_row(step, values)
        earlier = None
        if not self._is_open:
            self._open(step)
            self._is_open = True
        elif self._last is not None:
            last, logged = self._last
            if step < last:
                raise ValueError(
                    f"Expected a step from {last} on, the last one that was logged; got {step}. To "
                    "replace the rows from there on, `close()` the logger first."
                )
            earlier = logged if step == last else None
        self._write(step, row, earlier)
        self._last = step, {**(earlier or {}), **row}

    def close(self) -> None:
        """Closes the log. A later row opens it again."""
        self._is_open, self._last = False, None
        self._close()

    @abc.abstractmethod
    def _open(self, step: int) -> None:
        """Opens the log, without the rows of this step and later ones."""

    @abc.abstractmethod
    def _write(self, step: int, values: dict[str, float], earlier: dict[str, float] | None) -> None:
        """Writes a row; `earlier` has what was logged at the same step before."""

    @abc.abstractmethod
    def _close(self) -> None:
        """Releases what is open, if anything is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
