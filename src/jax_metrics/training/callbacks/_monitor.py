"""`Monitor`: whether a value of the logs is the best so far."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.callbacks._callback import Callback
from jax_metrics.training.callbacks._followed import check_validates, followed
from jax_metrics.training.callbacks._run import Run

Mode = Literal["max", "min"]


@constructor_names_arguments
class Monitor(Callback):
    """The base of callbacks that follow one value of the logs.

    Args:
        monitor: Its name, such as `"val/loss"` or `"val/accuracy"`.
        mode: Whether `"max"` or `"min"` is best; None: as its metric says.
        min_delta: By how much a value must be better to count as an improvement.

    Raises:
        ValueError: If an argument is out of range; and in `fit` if there is no such value, or its
            metric does not say whether higher is better.
    """

    def __init__(self, monitor: str, *, mode: Mode | None = None, min_delta: float = 0.0):
        if mode not in (None, "max", "min"):
            raise ValueError(f"`mode` is 'max' or 'min'; got {mode!r}.")
        if not min_delta >= 0:
            raise ValueError(f"`min_delta` is at least 0; got {min_delta!r}.")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.best: float | None = None

    def on_start(self, run: Run) -> None:
        """Sees that the value can be there, and whether a higher one is better."""
        check_validates(type(self).__name__, self.monitor, run)
        self.best = None  # of a run before; a checkpoint is restored after this
        if self.mode is None:
            self.mode = "max" if run.higher_is_better(self.monitor) else "min"

    def improved(self, values: Mapping[str, float]) -> bool | None:
        """Whether the value is the best so far; None if it is of a validation, and the row is not.

        Args:
            values: The row of the logs.

        Raises:
            ValueError: If the row has no such value, though it should.
        """
        value = followed(type(self).__name__, self.monitor, values)
        if value is None:
            return None
        sign = 1 if self.mode == "max" else -1
        best = -math.inf if self.best is None else sign * self.best + self.min_delta
        if not sign * value > best:  # NaN is never better
            return False
        self.best = value
        return True

    @property
    def state(self) -> Any:
        """The best value so far, and what a subclass adds."""
        return {"best": self.best}

    @state.setter
    def state(self, state: Any) -> None:
        for name, value in state.items():
            setattr(self, name, value)
