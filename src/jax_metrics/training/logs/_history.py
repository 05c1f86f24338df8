"""`History`: the rows of a run in memory."""

import difflib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._history_plot import plot_history
from jax_metrics.training.logs._number_formats import number
from jax_metrics.training.logs._row import STEP, checked_count, checked_row
from jax_metrics.training.logs._row_logger import RowLogger

_WIDEST = 10_000


@constructor_names_arguments
class History(RowLogger):
    """A logger that keeps the rows in memory, for tables, arrays and plots.

    The first row after setting `state`, or after `close`, replaces the rows of its step and of
    later steps. Otherwise steps must not decrease, and values of the same step are added to its
    row.

    Attributes:
        rows: A dict for each row, with `"step"` and the values by name.

    Example:
        >>> import jax_metrics as jm
        >>> history = jm.training.History()
        >>> history.log(10, {"loss": 0.5})
        >>> history.log(20, {"loss": 0.25, "val/loss": 0.375})
        >>> steps, losses = history["loss"]
        >>> steps.tolist(), losses.tolist()
        ([10, 20], [0.5, 0.25])
        >>> history.rows[-1]
        {'step': 20, 'loss': 0.25, 'val/loss': 0.375}
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self._lines: list[str] = []  # of the rows that later values are not added to

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True  # an empty logger is still one

    def __getitem__(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps (int64) and values (float64) of the rows with this name, each of shape `(n,)`.

        Raises:
            KeyError: If no row has it.
        """
        found = [(row[STEP], row[name]) for row in self.rows if name in row]
        if not found:
            names = self.names()
            close = difflib.get_close_matches(str(name), names, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise KeyError(f"The history has no {name!r}, but {names}.{hint}")
        steps, values = zip(*found, strict=True)
        return np.asarray(steps, np.int64), np.asarray(values, np.float64)

    def names(self) -> list[str]:
        """The names of the values, in the order in which they first appeared."""
        return [name for name in dict.fromkeys(n for row in self.rows for n in row) if name != STEP]

    def table(self, last: int | None = None) -> str:
        """The rows as a table in plain text.

        Args:
            last: The number of rows from the end, by default all.

        Raises:
            TypeError, ValueError: If that is not an integer of at least 0.

        Example:
            >>> import jax_metrics as jm
            >>> history = jm.training.History()
            >>> history.log(10, {"loss": 0.5})
            >>> "0.5000" in history.table()
            True
        """
        if last is not None:
            last = checked_count("last", last, "the number of rows", "table(last=10)")
        names = self.names()
        table = Table()
        for name in (STEP, *names):
            table.add_column(Text(name), justify="right")
        for row in self.rows if last is None else self.rows[max(len(self) - last, 0) :]:
            cells = (number(row[name]) if name in row else "" for name in names)
            table.add_row(str(row[STEP]), *cells)
        out = io.StringIO()
        Console(file=out, force_terminal=False, color_system=None, width=_WIDEST).print(table)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def plot(self, names: str | Sequence[str] | None = None, *, ax: Any = None) -> tuple[Any, Any]:
        """Draws the values over the steps. Needs matplotlib.

        Names share axes that are alike up to a slash, without `train/`, `val/` or `test/` in front:
        `"loss"` with `"val/loss"`, and the learning rates of groups of parameters,
        `"learning_rate/encoder"` with `"learning_rate/head"`.

        Args:
            names: What to draw, by default all: `"loss"` or `["loss", "learning_rate"]` with all
                curves of each, or the whole name of one curve, such as `"val/loss"`.
            ax: The matplotlib axes to draw into, or an array of them, one for each of `names`; by
                default those of a new figure.

        Returns:
            The figure and an array of the axes, one for each of `names`.

        Raises:
            KeyError: If there is no such name.
            ValueError: If there is nothing to draw, or `ax` has another number of axes.

        Example:
            >>> import jax_metrics as jm
            >>> history = jm.training.History()
            >>> history.log(10, {"loss": 0.5, "val/loss": 0.75})
            >>> figure, axes = history.plot()
            >>> [ax.get_title() for ax in axes]
            ['loss']
        """
        return plot_history({name: self[name] for name in self.names()}, names, ax)

    @property
    def state(self) -> dict[str, Any]:
        """The rows as lines of JSON, to be saved in a checkpoint and set again.

        Each row is written once, however often the state is asked for. Lists of rows can be set
        too.

        Example:
            >>> import jax_metrics as jm
            >>> history, resumed = jm.training.History(), jm.training.History()
            >>> history.log(10, {"loss": 0.5})
            >>> resumed.state = history.state
            >>> resumed.rows
            [{'step': 10, 'loss': 0.5}]
        """
        done = len(self._lines)
        self._lines += map(_line, self.rows[done:-1])
        return {"rows": "".join([*self._lines, *map(_line, self.rows[-1:])])}

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        try:
            given = state["rows"]
            found = map(json.loads, given.splitlines()) if isinstance(given, str) else given
            rows = [dict(row) for row in found]
            checked = [checked_row(row.pop(STEP), row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"Expected the `state` of a History, or {{'rows': [{{'step': 10, 'loss': 0.5}}]}}; "
                f"got {repr(state)[:60]} ({error})."
            ) from error
        self.rows = [{STEP: step, **values} for step, values in checked]
        self._lines = []
        self.close()

    def _open(self, step: int) -> None:
        self.rows = [row for row in self.rows if row[STEP] < step]
        del self._lines[len(self.rows) :]

    def _write(self, step: int, values: dict[str, float], earlier: dict[str, float] | None) -> None:
        if earlier is None:
            self.rows.append({STEP: step})
        self.rows[-1].update(values)

    def _close(self) -> None:
        pass


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row) + "\n"
