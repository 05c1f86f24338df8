"""The batches of a run, in groups that one call of the compiled steps takes."""

from collections.abc import Callable, Iterator
from typing import Any

from jax_metrics.training.data import Batches, batches, groups_of_epoch


def as_batches(data: Any) -> Batches:
    """The data as batches of one shape.

    Raises:
        TypeError: If it is arrays, which have no batch size yet.
    """
    if isinstance(data, Batches):
        return data
    if isinstance(data, dict | tuple) or hasattr(data, "shape"):
        raise TypeError(
            "Expected batches; got arrays, whose batch size is not known. Write "
            "`jm.training.batches(arrays, 32, shuffle=0)`."
        )
    return batches(data)


def groups(data: Batches, size: Callable[[], int]) -> Iterator[tuple[Any, ...]]:
    """Yields groups of batches without end; only the last group of an epoch may be smaller.

    Args:
        data: The batches. Their position is behind the batches that were yielded.
        size: The size of the next group.
    """
    while True:
        yield from groups_of_epoch(data, size)
