"""`ArrayBatches`: batches of arrays that are in memory, or mapped into it."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.training.data._batches import OTHER_DATA, Batches, counted
from jax_metrics.training.data._order import order_of_epoch
from jax_metrics.tree import as_whole


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
        self._rows = self._own_rows()
        self._seed, self._drop_last = seed, drop_last
        self._examples = 0

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return self._length // self._size if self._drop_last else -(-self._length // self._size)

    @property
    def epoch(self) -> int:
        """How many epochs have been yielded to their end."""
        return self._epoch_of(self._examples)

    @property
    def begun(self) -> bool:
        """Whether some batches of the current epoch have been yielded, and others have not."""
        return self._place(self._examples)[1] > 0

    def _place(self, examples: int) -> tuple[int, int]:
        """The epoch of the batch behind some examples, and where in it the batch begins."""
        epoch, start = divmod(examples, self._length)
        if self._drop_last and self._length - start < self._size:
            return epoch + 1, 0
        return epoch, start

    def _own_rows(self) -> np.ndarray:
        """The rows of a batch that lie on the devices of this process.

        Raises:
            ValueError: If a batch does not split over the devices.
        """
        rows = np.arange(self._size)
        if self._sharding is None:
            return rows
        try:
            parts = self._sharding.addressable_devices_indices_map((self._size,)).values()
        except ValueError as error:
            raise ValueError(
                f"`size` expected a number of examples that splits over the devices of `sharding`; "
                f"got {self._size}: {error}"
            ) from error
        return np.unique(np.concatenate([rows[part] for part in parts]))

    def _remaining(self) -> Iterator[tuple[Any, np.ndarray, int]]:
        length, size = self._length, self._size
        epoch, start = self._place(self._examples)
        order = order_of_epoch(self._seed, epoch, length)
        for first in range(start, length, size):
            chosen = order[first : first + size]
            if self._drop_last and len(chosen) < size:
                return
            count = len(chosen)
            # Padding repeats examples, so that it holds usual values.
            own = chosen[self._rows % count]
            # Indexing with an array copies, so the batch does not change when the arrays do.
            examples = jax.tree.map(lambda x, own=own: x[own], self._arrays)
            yield examples, self._rows < count, epoch * length + first + count

    def _common(self) -> dict[str, Any]:
        some = [0, self._length // 2, self._length - 1]
        leaves = jax.tree.leaves(self._arrays)
        return {
            "the number of examples": self._length,
            "`size`": self._size,
            "`shuffle`": self._seed,
            "the position": self._examples,
            "the arrays": [(x.shape, x.dtype.name, zlib.crc32(x[some].tobytes())) for x in leaves],
        }

    def _epoch_of(self, position: int) -> int:
        return self._place(position)[0]

    def _move(self, position: int) -> None:
        self._examples = position

    def _position(self) -> dict[str, Any]:
        return {"examples": self._examples, "length": self._length, "seed": list(self._seed)}

    def _restore(self, state: Mapping[str, Any]) -> None:
        if (length := counted(state, "length")) != self._length:
            raise ValueError(
                f"The state is a position among {length} examples, and there are {self._length}. "
                f"{OTHER_DATA}"
            )
        examples = counted(state, "examples")
        given = [as_whole(number) for number in np.ravel(state["seed"])]
        seed = tuple(number for number in given if number is not None and number >= 0)
        if len(seed) < len(given):
            raise ValueError(
                "The `state` of batches expected a list of integers of at least 0 as 'seed'; got "
                f"{state['seed']!r}."
            )
        self._examples, self._seed = examples, seed
