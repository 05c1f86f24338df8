"""`ArrayBatches`: batches of arrays that are in memory, or mapped into it."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.training._batches import Batches
from jax_metrics.training._order import order_of_epoch


class ArrayBatches(Batches):
    """Batches of arrays; its position is the number of examples that it has yielded.

    Args:
        arrays: A pytree of NumPy arrays.
        length: The number of examples.
        size: The number of examples of a batch.
        seed: Numbers that determine the order; empty: the order of the arrays.
        drop_last: Whether to leave out the examples at the end of an epoch that fill no batch.
        **options: Of `Batches`.
    """

    def __init__(
        self,
        arrays: Any,
        length: int,
        size: int,
        seed: tuple[int, ...],
        drop_last: bool,
        **options: Any,
    ):
        super().__init__(**options)
        self._arrays, self._length, self._size = arrays, length, size
        self._seed, self._drop_last = seed, drop_last
        self._examples = 0

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return self._length // self._size if self._drop_last else -(-self._length // self._size)

    def _remaining(self) -> Iterator[tuple[Any, int, int, int]]:
        length, size = self._length, self._size
        epoch, start = divmod(self._examples, length)
        if self._drop_last and length - start < size:
            epoch, start = epoch + 1, 0
        order = order_of_epoch(self._seed, epoch, length)
        for first in range(start, length, size):
            chosen = order[first : first + size]
            if self._drop_last and len(chosen) < size:
                return
            # Indexing with an array copies, so the batch does not change when the arrays do.
            examples = jax.tree.map(lambda x, chosen=chosen: x[chosen], self._arrays)
            yield examples, len(chosen), size, epoch * length + first + len(chosen)

    def _move(self, position: int) -> None:
        self._examples = position

    def _position(self) -> dict[str, Any]:
        return {"examples": self._examples, "length": self._length, "seed": list(self._seed)}

    def _restore(self, state: Mapping[str, Any]) -> None:
        if (length := int(state["length"])) != self._length:
            raise ValueError(
                f"The state is a position among {length} examples, and there are {self._length}."
            )
        self._examples = int(state["examples"])
        self._seed = tuple(int(word) for word in np.asarray(state["seed"], np.uint32).ravel())
