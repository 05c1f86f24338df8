"""`Batches`: batches on the device, of one shape, from a position that can be saved."""

import abc
import collections
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import refuse_truncation
from jax_metrics.training._examples import padded, with_mask


class Batches(abc.ABC):
    """Batches of examples; `jm.training.batches` makes it.

    Iterating over it yields the batches of one epoch, or what is left of it. Its position moves on
    with each batch that is yielded, not with those that are put on the device ahead of time.
    """

    def __init__(self, prefetch: int, sharding: Any, mask_name: str):
        self._prefetch = prefetch
        self._sharding = sharding
        self._mask_name = mask_name
        self._iteration: object = None

    def __iter__(self) -> Iterator[Any]:
        """Yields the batches of this epoch that are left, or those of the next one."""
        iteration = self._iteration = object()
        ahead: collections.deque[tuple[Any, Any]] = collections.deque()
        for examples, count, size, position in self._remaining():
            ahead.append((self._placed(examples, count, size), position))
            if len(ahead) > self._prefetch:
                yield self._delivered(*ahead.popleft(), iteration)
        while ahead:
            yield self._delivered(*ahead.popleft(), iteration)

    def _delivered(self, batch: Any, position: Any, iteration: object) -> Any:
        if self._iteration is not iteration:
            raise RuntimeError(
                "These batches have one position, which another iteration or a new `state` has "
                "moved meanwhile. Start the loop anew, or make two with `jm.training.batches`."
            )
        self._move(position)
        return batch

    def _placed(self, examples: Any, count: int, size: int) -> Any:
        """The batch on its devices, padded, with its mask."""
        paths = jax.tree.leaves_with_path(examples)
        refuse_truncation(**{f"batch{jax.tree_util.keystr(path)}": x for path, x in paths})
        batch = with_mask(padded(examples, count, size), np.arange(size) < count, self._mask_name)
        sharding = self._sharding
        if sharding is None or sharding.is_fully_addressable:
            return jax.device_put(batch, sharding)
        return jax.tree.map(
            lambda x: jax.make_array_from_callback(x.shape, sharding, lambda at: x[at]), batch
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
        self._iteration = None

    @abc.abstractmethod
    def _remaining(self) -> Iterator[tuple[Any, int, int, Any]]:
        """Yields examples, how many, the size to pad them to, and the position after them."""

    @abc.abstractmethod
    def _move(self, position: Any) -> None:
        """Moves to a position."""

    @abc.abstractmethod
    def _position(self) -> dict[str, Any]:
        """The state as plain values."""

    @abc.abstractmethod
    def _restore(self, state: Mapping[str, Any]) -> None:
        """Moves to where a state with the right names tells.

        Raises:
            ValueError: If it belongs to other data; nothing is changed.
        """
