"""`Progress`: the progress of a run, on a terminal or as plain lines."""

import collections
import importlib.util
import time
from collections.abc import Mapping
from typing import Any, Self

import rich
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._console_logger import print_line
from jax_metrics.training.logs._errors import reporting
from jax_metrics.training.logs._number_formats import columns, duration, rate
from jax_metrics.training.logs._row import checked_count, checked_number

_REDRAWN = 0.25  # seconds from one drawing of the bar to the next; one takes two milliseconds
_PRINTED = 10.0  # seconds from one plain line to the next
_RECENT = 30.0  # seconds that speeds are averaged over


@constructor_names_arguments
class Progress:
    """A progress bar with the step, values, speeds and time left; plain lines without a terminal.

    Speeds are those of the last half minute, and begin with the first `update`, so compiling does
    not count. A terminal is redrawn at most four times a second. Elsewhere, such as in a file, a
    line is printed at most every ten seconds, if there was an `update`, and one at the end.

    Args:
        total: The step at which the run ends, if that is known.
        done: How many steps were taken before, by the run that this one continues.
        console: A `rich` console, by default rich's own, which prints to `sys.stdout`.

    Raises:
        TypeError, ValueError: If a number of steps is not an integer of at least 0.

    Example:
        >>> import jax_metrics as jm
        >>> with jm.training.Progress(total=1000) as progress:
        ...     for step in range(1, 1001):
        ...         loss = 1 / step
        ...         progress.update(step, examples=32, values={"loss": loss})
        step 1/1000 (0 %)  loss 1.0000
        step 1000/1000 (100 %)  loss 0.0010  ... steps/s  ... examples/s  0:00:00
    """

    def __init__(self, total: int | None = None, *, done: int = 0, console: Console | None = None):
        self._console = rich.get_console() if console is None else console
        call = "Progress(total=1000, done=500)"
        self._total = None
        if total is not None:
            self._total = checked_count("total", total, "the step at which the run ends", call)
        self._step = self._shown = checked_count("done", done, "the steps taken before", call)
        self._examples = 0
        self._values: Mapping[str, float] = {}
        self._live: Live | None = None
        self._draws = _can_draw(self._console)
        self._pause = _REDRAWN if self._draws else _PRINTED
        self._next = 0.0
        # Time, step and examples, at the first update and at each drawing of the last half minute.
        self._first: tuple[float, int, int] | None = None
        self._recent: collections.deque[tuple[float, int, int]] = collections.deque()

    def update(
        self, step: int, examples: int = 0, values: Mapping[str, float] | None = None
    ) -> None:
        """Records the step. Cheap, unless a redraw is due.

        Args:
            step: How many steps have been taken in total.
            examples: How many examples were seen since the last call.
            values: Numbers by name; None keeps the values that are shown.

        Raises:
            LogError: If the console cannot be written to.
            TypeError: If the step or the examples are no integer, or a value that is shown is not a
                number.
            ValueError: If the step or the examples are negative.
        """
        call = "update(10, examples=32)"
        self._step = checked_count("step", step, "the number of steps so far", call)
        self._examples += checked_count("examples", examples, "how many were seen since", call)
        if values is not None:
            self._values = values
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + self._pause
            self._record(now)
            self._show()

    def print(self, text: str) -> None:
        """Prints text above the bar.

        Raises:
            LogError: If the console cannot be written to.
        """
        print_line(self._console, text)

    def close(self) -> None:
        """Shows the last step and the speed of the whole run, and ends the bar."""
        if self._next == float("inf"):
            return
        self._next = float("inf")
        try:
            if self._first is not None:
                self._recent.clear()
                self._recent.append(self._first)
                self._record(time.perf_counter())
                if self._draws or self._shown != self._step:
                    self._show(ended=True)
        finally:
            if self._live is not None:
                with reporting("on the console"):
                    self._live.stop()

    def __enter__(self) -> Self:
        if self._draws:
            self._show()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _record(self, now: float) -> None:
        here = now, self._step, self._examples
        self._first = self._first or here
        self._recent.append(here)
        while len(self._recent) > 2 and self._recent[1][0] <= now - _RECENT:
            self._recent.popleft()

    def _show(self, ended: bool = False) -> None:
        self._shown = self._step
        values = columns({name: checked_number(name, v) for name, v in self._values.items()})
        if not self._draws:
            done = self._count()
            print_line(self._console, "  ".join(filter(None, [done, values, *self._speeds(ended)])))
            return
        with reporting("on the console"):
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False)
                self._live.start()
            self._live.update(self._drawn(values, ended), refresh=True)

    def _count(self) -> str:
        if not self._total:
            return f"step {self._step}"
        return f"step {self._step}/{self._total} ({100 * self._step // self._total} %)"

    def _speeds(self, ended: bool) -> list[str]:
        """Steps and examples a second, and the time left, or taken."""
        if len(self._recent) < 2:
            return []
        (start, first, before), (now, step, examples) = self._recent[0], self._recent[-1]
        steps_per_second = (step - first) / max(now - start, 1e-9)
        found = [f"{rate(steps_per_second)} steps/s"]
        if examples > before:
            found.append(f"{rate((examples - before) / max(now - start, 1e-9))} examples/s")
        if ended:
            found.append(duration(now - start))
        elif self._total and steps_per_second:
            found.append(f"{duration(max(self._total - step, 0) / steps_per_second)} left")
        return found

    def _drawn(self, values: str, ended: bool) -> Any:
        line = Table.grid(padding=(0, 2), expand=bool(self._total))
        cells: list[Any] = [self._count(), *self._speeds(ended)]
        if self._total:
            line.add_column(ratio=1)
            cells.insert(0, ProgressBar(self._total, min(self._step, self._total)))
        for _ in cells:
            line.add_column(no_wrap=True)
        line.add_row(*cells)
        return Group(line, Text(values)) if values else line


def _can_draw(console: Console) -> bool:
    if console.is_jupyter:  # where rich draws with widgets, if they are there
        return importlib.util.find_spec("ipywidgets") is not None
    return console.is_terminal and not console.is_dumb_terminal
