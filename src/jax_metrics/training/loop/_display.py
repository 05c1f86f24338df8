"""`Display`: the progress of a run, whose values are read now and then."""

import contextlib
import time
from typing import Any, Self

import jax

from jax_metrics.training.callbacks import Run
from jax_metrics.training.logs import Progress
from jax_metrics.training.loop._rows import Rows

_SECONDS = 1.0  # between two looks at the values


class Display:
    """Shows the progress of a run.

    Args:
        run: The run.
        rows: Where to look at values before their row has ended.
        enabled: Whether to show anything.
    """

    def __init__(self, run: Run, rows: Rows, enabled: bool):
        self._run, self._rows, self._enabled = run, rows, enabled
        self._progress: Progress | None = None
        self._next = 0.0

    def update(self, batches: tuple[Any, ...]) -> None:
        """Notes that steps were taken with these batches."""
        if self._progress is None:
            return
        examples = sum(jax.tree.leaves(batch)[0].shape[0] for batch in batches)
        values = {**self._run.values, **self._rows.latest}
        self._progress.update(self._run.step, examples, values)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS
            self._rows.look()

    def __enter__(self) -> Self:
        if self._enabled:
            run = self._run
            self._progress = Progress(_total_steps(run), done=run.step)
            self._progress.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._progress is not None:
            self._progress.close()


def _total_steps(run: Run) -> int | None:
    """The step at which the run ends, if that is known."""
    totals = [] if run.steps is None else [run.steps]
    with contextlib.suppress(TypeError):  # the number of batches may not be known
        if run.epochs is not None:
            totals.append(run.epochs * -(-len(run.data) // run.accumulate))
    return min(totals, default=None)
