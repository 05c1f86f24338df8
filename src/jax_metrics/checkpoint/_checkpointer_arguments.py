"""The checks of the arguments of a `Checkpointer`."""

from collections.abc import Mapping
from typing import Any

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.tree import as_whole


def check_items(items: Mapping[str, Any]) -> None:
    """Checks the items of a save.

    Raises:
        CheckpointError: If it is wrong.
    """
    if not items:
        raise CheckpointError(
            "There is nothing to save. Name the items: `save(step, model=model, ...)`."
        )
    if wrong := [name for name in items if not name.isidentifier()]:
        raise CheckpointError(f"Names of items are those of variables; got {wrong[0]!r}.")


def checked_count(name: str, value: Any) -> int:
    """A number of steps or checkpoints as an int.

    Raises:
        CheckpointError: If it is wrong.
    """
    if (whole := as_whole(value)) is None or whole < 1:
        raise CheckpointError(f"`{name}` is a whole number, at least 1; got {value!r}.")
    return whole


def check_best(best: Any) -> None:
    """Checks what decides which checkpoint is best.

    Raises:
        CheckpointError: If it is wrong.
    """
    fits = isinstance(best, tuple) and len(best) == 2 and isinstance(best[0], str)
    if best is not None and not (fits and best[1] in ("max", "min")):
        raise CheckpointError(
            "`best` is the name of a number and 'max' or 'min', such as "
            f"`('val/accuracy', 'max')`; got {best!r}."
        )
