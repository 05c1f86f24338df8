"""`Checkpoints`: saves the state of a run, and continues from the latest one."""

import logging
import math
import os
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import constructor_names_arguments, refuse_unknown
from jax_metrics.checkpoint import Checkpointer, CheckpointError
from jax_metrics.module import ModelState, Parameter
from jax_metrics.training.callbacks._callback import Callback
from jax_metrics.training.callbacks._followed import check_validates, followed
from jax_metrics.training.callbacks._resume import resumed
from jax_metrics.training.callbacks._run import Run
from jax_metrics.tree import as_whole, filter

_log = logging.getLogger(__name__)
_ARGUMENTS = ("folder", "every", "resume", "keep", "best", "asynchronous")


@constructor_names_arguments
class Checkpoints(Callback):
    """Saves the whole state of the run to a folder; a rerun continues from the latest checkpoint.

    With `best`, checkpoints are saved when that value is in the logs, and `every` is not used. One
    more is saved when the run ends or is interrupted. A state with parameters that are not finite
    is not saved, so that a run can always continue from the latest checkpoint; nor is one whose
    statistics, or other state of the model, are no longer finite. The log says so.

    Args:
        folder: The folder; or a `jm.Checkpointer`, which is then left open.
        every: After how many steps to save; by default after each epoch.
        resume: Whether to continue from the latest checkpoint of the folder. If False, the folder
            must have no checkpoints.
        **options: Options of `jm.Checkpointer`: `keep`, `best`, `asynchronous`.

    Raises:
        TypeError: If there is no such option; or options are given with a Checkpointer, which has
            its own.
        ValueError: If `every` is not an integer of at least 1; and in `fit` if the logs do not have
            the value of `best`.

    Example:
        >>> import jax_metrics as jm
        >>> checkpoints = jm.training.Checkpoints("runs/first", every=500, keep=2)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | Checkpointer,
        *,
        every: int | None = None,
        resume: bool = True,
        **options: Any,
    ):
        refuse_unknown("Checkpoints", (n for n in options if n not in _ARGUMENTS), _ARGUMENTS)
        if isinstance(folder, Checkpointer) and options:
            raise TypeError(
                f"Give {', '.join(f'`{name}`' for name in options)} to the Checkpointer itself."
            )
        given, every = every, as_whole(every)
        if given is not None and (every or 0) < 1:
            raise ValueError(f"`every` is a whole number of steps, at least 1; got {given!r}.")
        if isinstance(folder, Checkpointer) and every is None and folder.every > 1:
            every = folder.every
        self._given, self._every = folder, every
        self._options, self._resume = options, resume
        self._checkpointer: Checkpointer | None = None
        self._begin()

    def _begin(self) -> None:
        self._saved = -1
        self._values: Mapping[str, float] = {}  # of the row that decides which one is best
        self._never_finite: set[str] = set()

    def on_start(self, run: Run) -> None:
        """Opens the folder, and restores the latest checkpoint."""
        self._begin()  # of a run before nothing is left
        given = self._given
        opened = given if isinstance(given, Checkpointer) else Checkpointer(given, **self._options)
        self._checkpointer = opened
        if opened.best is not None:
            check_validates("Checkpoints", opened.best[0], run)
        self._never_finite = _not_finite(filter(run.model, ModelState))
        if not (steps := opened.steps()):
            return
        if not self._resume:
            raise FileExistsError(
                f"{opened.folder} has checkpoints of the steps {steps}, but "
                "`resume=False`. Choose another folder, or delete this one."
            )
        run.state = resumed(opened, run.state)
        self._saved = run.step

    def on_log(self, run: Run, values: Mapping[str, float]) -> None:
        """Notes the value that decides which checkpoint is best."""
        best = self._opened.best
        if best is not None and followed("Checkpoints", best[0], values) is not None:
            self._values = values

    def on_step(self, run: Run) -> None:
        """Saves if a save is due, or the run has finished."""
        in_time = run.passed(self._every) if self._every else run.epoch_ended
        if self._values or (in_time and self._opened.best is None) or run.finished:
            self._save(run)

    def on_interrupt(self, run: Run) -> None:
        """Saves, and waits until it is on disk."""
        self._save(run)
        self._opened.wait()

    def on_end(self, run: Run) -> None:
        """Waits until everything is on disk."""
        self._opened.wait()

    def on_error(self, run: Run, error: BaseException) -> None:
        """Tells where the latest checkpoint is."""
        if self._checkpointer is None or not (run.step or run.restored):
            return  # it came before the first step, and would come again
        try:
            steps = self._checkpointer.steps()
        except CheckpointError:  # an error of its own
            return
        where = f"step {steps[-1]}, in {self._checkpointer.folder}" if steps else "none yet"
        error.add_note(f"The latest checkpoint: {where}. Call `fit` again to continue from it.")

    def close(self) -> None:
        """Closes a folder that it has opened."""
        if self._checkpointer is not None and self._checkpointer is not self._given:
            self._checkpointer.close()
        self._checkpointer = None

    @property
    def _opened(self) -> Checkpointer:
        assert self._checkpointer is not None, "Checkpoints is used by `fit`, after `on_start`."
        return self._checkpointer

    def _save(self, run: Run) -> None:
        if run.step != self._saved and self._can_continue(run):
            state = run.state  # with rows that were on their way, and may have the value
            best = self._opened.best
            unknown = {} if best is None else {best[0]: math.nan}
            row = dict(run.history.rows[-1]) if run.history.rows else {}
            if row.pop("step", None) == run.step:  # it would come after the save
                self.on_log(run, row)
            self._opened.save(run.step, values={**unknown, **self._values}, force=True, **state)
            self._saved = run.step
        self._values = {}  # a later step has other ones

    def _can_continue(self, run: Run) -> bool:
        of_state = _not_finite(filter(run.model, ModelState)) - self._never_finite
        if lost := _not_finite(filter(run.model, Parameter)) | of_state:
            _log.warning("Step %s is not saved: `%s` is not finite.", run.step, min(lost))
        return not lost


def _not_finite(tree: Any) -> set[str]:
    """The paths of the arrays that have values which are not finite."""
    leaves = {
        jax.tree_util.keystr(path): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.inexact)
    }
    finite = np.asarray(_are_finite([*leaves.values()]))
    return {path for path, is_finite in zip(leaves, finite, strict=True) if not is_finite}


@jax.jit
def _are_finite(arrays: list[jax.Array]) -> jax.Array:
    return jnp.array([jnp.isfinite(x).all() for x in arrays])
