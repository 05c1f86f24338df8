"""`Batches`: batches on the device, of one shape, from a position that can be saved."""

import abc
import collections
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from jax_metrics.arguments import refuse_overflow, refuse_truncation
from jax_metrics.sharding import global_batch
from jax_metrics.training.data._examples import with_mask
from jax_metrics.tree import OtherMethod, as_whole

OTHER_DATA = (  # what to do where a position does not fit
    "Give the data that it was saved with; or, to train on other data, begin a new run with the "
    "saved model."
)
_Placed = tuple[Any, Any]  # a batch on its devices, and the position behind it


class Batches(abc.ABC):
    """Batches of examples; `jm.training.batches` makes it.

    Iterating over it yields the batches of one epoch, or the rest of the epoch. Its position moves
    on with each batch that is yielded, not with batches that are put on the device ahead of time.
    """

    if not TYPE_CHECKING:  # for a checker they do not exist
        state_dict = OtherMethod("It is an attribute: `saved = data.state`.")
        load_state_dict = OtherMethod("Set an attribute: `data.state = saved`.")
        reset = OtherMethod(
            "Each loop begins the next epoch. To go back, set `data.state` to what it was before."
        )
        batch_size = OtherMethod("It is the length of the mask of `data.peek()`.")

    def __init__(self, prefetch: int, sharding: Any, mask_name: str):
        self._prefetch = prefetch
        self._sharding = sharding
        self._mask_name = mask_name
        self._iteration: object = None
        self._following: Iterator[_Placed] | None = None
        self._peeked: _Placed | None = None

    def __iter__(self) -> Iterator[Any]:
        """Yields the remaining batches of this epoch, or those of the next epoch."""
        for (batch,) in groups_of_epoch(self, lambda: 1):
            yield batch

    def peek(self) -> Any:
        """The next batch, without moving on.

        With `next(iter(data))` instead, the first epoch would lack this batch.

        Example:
            >>> import numpy as np
            >>> import jax_metrics as jm
            >>> data = jm.training.batches({"x": np.ones((6, 3))}, 2)
            >>> model = jm.Linear(1).init(0, data.peek()["x"])
            >>> len(list(data))
            3
        """
        return self._next()[0]

    def _next(self) -> _Placed:
        """The next batch, held until it is delivered, and the position behind it."""
        if self._peeked is None:
            following, self._following = self._following or self._ahead(), None
            self._peeked = next(following)
            self._following = following  # unless it has failed
        return self._peeked

    def _ahead(self) -> Iterator[_Placed]:
        """Yields the batches of the epoch that are left, while more go to the device."""
        if self._spans_processes:
            self._check_processes()
        ahead: collections.deque[_Placed] = collections.deque()
        for examples, mask, position in self._remaining():
            ahead.append((self._placed(examples, mask), position))
            if len(ahead) > self._prefetch:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()

    def _placed(self, examples: Any, mask: np.ndarray) -> Any:
        """The batch on its devices, with its mask."""
        # JAX has only the byte order of the machine.
        examples = jax.tree.map(lambda x: x.astype(x.dtype.newbyteorder("="), copy=False), examples)
        for path, array in jax.tree.leaves_with_path(examples):
            name = f"batch{jax.tree_util.keystr(path)}"
            refuse_truncation(**{name: array})
            refuse_overflow(name, array)
        batch = with_mask(examples, mask, self._mask_name)
        if self._spans_processes:
            return global_batch(batch, self._sharding)
        return jax.device_put(batch, self._sharding)

    @property
    def _spans_processes(self) -> bool:
        return self._sharding is not None and not self._sharding.is_fully_addressable

    def _check_processes(self) -> None:
        """Checks that all processes are about to yield batches that belong together.

        Otherwise some would train on other examples, or wait forever at the end of an epoch.
        """
        common = self._common()
        found = [zlib.crc32(repr(value).encode()) for value in common.values()]
        of_all = multihost_utils.process_allgather(np.array(found, np.uint32))
        differing = (of_all != of_all[:1]).any(axis=0)
        if differing.any():
            names = [name for name, differs in zip(common, differing, strict=True) if differs]
            raise ValueError(
                f"The processes differ in {', '.join(names)}; in process {jax.process_index()}: "
                f"{', '.join(repr(common[name]) for name in names)}. Their batches are parts of "
                "one, so all of that must be the same."
            )

    @property
    def state(self) -> dict[str, Any]:
        """The position, as plain numbers, to be saved and set again.

        Example:
            >>> import numpy as np
            >>> import jax_metrics as jm
            >>> data = jm.training.batches({"x": np.arange(6)}, 2, shuffle=0)
            >>> first = next(iter(data))
            >>> saved = data.state
            >>> rest = [batch["x"].tolist() for batch in data]
            >>> data.state = saved
            >>> rest == [batch["x"].tolist() for batch in data]
            True
        """
        return self._position()

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        expected = self.state
        if not isinstance(state, Mapping) or set(state) != set(expected):
            got = sorted(state) if isinstance(state, Mapping) else repr(state)
            raise ValueError(
                f"Expected the `state` of such batches, with {sorted(expected)}; got {got}."
            )
        self._restore(state)
        self._iteration = self._following = self._peeked = None

    @property
    def mask_name(self) -> str:
        """The entry with the mask, where batches are dicts."""
        return self._mask_name

    def __len__(self) -> int:
        """The number of batches of an epoch.

        Raises:
            TypeError: If it is not known.
        """
        raise TypeError("How many batches an epoch has is known for arrays only.")

    @property
    @abc.abstractmethod
    def epoch(self) -> int:
        """How many epochs have been yielded to their end."""

    @property
    @abc.abstractmethod
    def begun(self) -> bool:
        """Whether some batches of the current epoch have been yielded, and others have not."""

    @abc.abstractmethod
    def _remaining(self) -> Iterator[tuple[Any, np.ndarray, Any]]:
        """Yields padded examples of this process, their mask, and the position behind them.

        These are the batches of one epoch from the position on, of which there is at least one.
        """

    @abc.abstractmethod
    def _common(self) -> dict[str, Any]:
        """What must be the same in all processes, by name."""

    @abc.abstractmethod
    def _epoch_of(self, position: Any) -> int:
        """How many epochs have been yielded to their end at a position."""

    @abc.abstractmethod
    def _move(self, position: Any) -> None:
        """Moves to a position."""

    @abc.abstractmethod
    def _position(self) -> dict[str, Any]:
        """The state as plain values."""

    @abc.abstractmethod
    def _restore(self, state: Mapping[str, Any]) -> None:
        """Moves to the position in a state with the right names.

        Raises:
            ValueError: If it belongs to other data, or is no position; nothing is changed.
        """


def counted(state: Mapping[str, Any], name: str, least: int = 0) -> int:
    """A count in a state.

    Raises:
        ValueError: If it is not an integer, or too small.
    """
    count = as_whole(state[name])
    if count is None or count < least:
        raise ValueError(
            f"The `state` of batches expected an integer of at least {least} as {name!r}; got "
            f"{state[name]!r}."
        )
    return count


def groups_of_epoch(data: Batches, size: Callable[[], int]) -> Iterator[tuple[Any, ...]]:
    """Yields the remaining batches of an epoch in groups; the last one may be smaller.

    The position moves on with each group that is yielded. If the data fail in the middle of a
    group, it is before the batches of that group, which no one has got.

    Args:
        data: The batches.
        size: The size of the next group.
    """
    iteration, epoch, ended = object(), data.epoch, False
    group: list[Any] = []
    data._iteration = iteration
    if data._peeked is None:
        data._following = None
    try:
        while not ended:
            if data._iteration is not iteration:
                raise RuntimeError(
                    "These batches have one position, which another iteration or a new "
                    "`state` has moved meanwhile. Start the loop again, or make two with "
                    "`jm.training.batches`."
                )
            batch, position = data._next()
            data._peeked = None
            group.append(batch)
            ended = data._epoch_of(position) > epoch
            if not ended and len(group) < size():
                continue
            data._move(position)
            if ended:
                data._following = None
            yielded, group = tuple(group), []
            yield yielded
    finally:
        if data._iteration is iteration:
            if group:
                data._peeked = None  # it is behind batches that were not yielded
            if data._peeked is None:
                data._following = None  # it holds batches on the device
