"""Which steps there are, which of them is the best, and which ones are kept."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._step_files import StepFiles
from jax_metrics.tree import as_whole

Best = tuple[str, Literal["max", "min"]]
Step = int | Literal["latest", "best"]


class History:
    """The steps of a folder by age and by a number.

    Args:
        files: The steps on disk.
        keep: How many of the latest ones are kept; None for all.
        best: The name of a number, and whether more of it is better.
        remember: Whether no other process changes the steps.
    """

    def __init__(self, files: StepFiles, keep: int | None, best: Best | None, remember: bool):
        self._files = files
        self._keep = keep
        self._best = best
        self._remember = remember
        self._values: dict[int, Mapping[str, float]] = {}

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Notes the numbers of a step that was saved, and removes those that are not kept."""
        if not self._files.removes:  # the main process does
            return
        self._values[step] = values
        steps = self._files.folder.steps()
        if self._keep is None or len(steps) <= self._keep:
            return
        kept = {*steps[-self._keep :], self._best_of(steps, skip_damaged=True)}
        self._files.remove(step for step in steps if step not in kept)
        self._values = {step: values for step, values in self._values.items() if step in kept}

    def remove(self, step: int) -> None:
        """Removes a step."""
        self._files.remove([step])
        self._files.forget()
        self._values.pop(step, None)

    def number_of(self, step: Step) -> int:
        """The number of a step that is there.

        Raises:
            CheckpointError: If there is no such step in any folder.
            FileNotFoundError: If it is not in this one.
        """
        folder = self._files.folder
        steps = folder.steps()
        there = f"The steps there: {', '.join(map(str, steps)) or 'none'}."
        if step == "best":
            return self._best_number(steps, there)
        if step == "latest":
            if not steps:
                raise FileNotFoundError(
                    f"There is no checkpoint in {folder.path} yet. Restore only if `steps()` is "
                    "not empty."
                )
            return steps[-1]
        step = checked_step(step, "'latest', 'best', or ")
        if step not in steps:
            raise FileNotFoundError(f"There is no step {step} in {folder.path}. {there}")
        return step

    def _best_number(self, steps: list[int], there: str) -> int:
        if self._best is None:
            raise CheckpointError(
                "Which checkpoint is the best? Name the number that decides: "
                '`jm.Checkpointer(folder, best=("val/accuracy", "max"))`.'
            )
        best = self._best_of(steps)
        if best is None:
            raise FileNotFoundError(
                f"No checkpoint in {self._files.folder.path} has a value {self._best[0]!r}, other "
                f"than NaN. Pass it to `save(values=...)`. {there}"
            )
        return best

    def _best_of(self, steps: list[int], skip_damaged: bool = False) -> int | None:
        """The best step; of equal ones, the latest."""
        if self._best is None:
            return None
        name, mode = self._best
        found = []
        for step in steps:
            try:
                value = self._values_of(step).get(name, math.nan)
            except CheckpointError:
                if not skip_damaged:
                    raise
                continue
            if not math.isnan(value):
                found.append((value if mode == "max" else -value, step))
        return max(found)[1] if found else None

    def _values_of(self, step: int) -> Mapping[str, float]:
        if step in self._values:
            return self._values[step]
        values = self._files.read_values(step)
        if self._remember:
            self._values[step] = values
        return values


def checked_step(step: Any, others: str = "") -> int:
    """The number of a step as an int.

    Raises:
        CheckpointError: If it is none.
    """
    if (whole := as_whole(step)) is None or whole < 0:
        raise CheckpointError(f"A step is {others}a whole number, 0 or more; got {step!r}.")
    return whole
