"""Arrays that are spread over processes: the pieces that each of them saves, put together again."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._misfits import is_key

Region = Sequence[slice]


class Piece(NamedTuple):
    """Where a piece belongs.

    Args:
        name: The array.
        begin: The indices of its first element there.
        whole: The shape of the array.
    """

    name: str
    begin: tuple[int, ...]
    whole: tuple[int, ...]

    def in_stored(self, shape: Sequence[int]) -> "Piece":
        """The same for its stored form, which may have more axes: those of bytes or of keys."""
        more = tuple(shape[len(self.begin) :])
        return self._replace(begin=self.begin + (0,) * len(more), whole=self.whole + more)


def own_parts(name: str, leaf: Any, *, is_main: bool) -> Iterator[tuple[str, Any, Piece | None]]:
    """What this process saves of an array: names, arrays, and where they belong if they are pieces.

    Each element is saved once: by the first process that has it, or by the main one if each process
    has the array for itself.
    """
    if not isinstance(leaf, jax.Array) or leaf.is_fully_addressable:
        if is_main:
            yield name, leaf, None
        return
    is_keys = is_key(leaf.dtype)  # whose shards are those of their data
    array = jax.random.key_data(leaf) if is_keys else leaf
    for shard in array.addressable_shards:
        if shard.replica_id != 0:
            continue
        data = shard.data
        if is_keys:
            data = jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        if data.shape == leaf.shape:
            yield name, data, None
            continue
        begin = tuple(part.start or 0 for part in shard.index[: leaf.ndim])
        # No other array has such a name: there is never both `a` and `a.b`.
        yield f"{name}.{'-'.join(map(str, begin))}", data, Piece(name, begin, leaf.shape)


def put_together(pieces: Sequence[tuple[Mapping[str, Any], np.ndarray | None]]) -> np.ndarray:
    """The array that pieces belong to.

    Its memory is only taken where they are: the system gives pages when they are written.

    Args:
        pieces: Their entries in the contents with their arrays; None for those that are not needed.
    """
    first, _ = pieces[0]
    whole = np.empty(first["whole"], jnp.dtype(first["dtype"]))
    for entry, array in pieces:
        if array is not None:
            whole[_place(entry)] = array
    return whole


def check_complete(name: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Checks that the pieces of an array are all there.

    Raises:
        CheckpointError: If they are not.
    """
    found = sum(math.prod(entry["shape"]) for entry in entries)
    if found != (expected := math.prod(entries[0]["whole"])):
        raise CheckpointError(f"of `{name}` it has {found} of {expected} elements.")


def regions_of(leaf: Any, shape: Sequence[int]) -> list[Region] | None:
    """The regions that this process needs of an array that is to be placed like a leaf.

    Args:
        leaf: An array or its shape, with a sharding.
        shape: The shape of the array that is stored.

    Returns:
        None for all of it.
    """
    sharding = getattr(leaf, "sharding", None)
    if sharding is None or sharding.is_fully_addressable or leaf.shape != tuple(shape):
        return None
    if getattr(leaf, "weak_type", False):  # goes through an array of the whole
        return None
    return list(sharding.addressable_devices_indices_map(leaf.shape).values())


def is_needed(entry: Mapping[str, Any], regions: Iterable[Region] | None) -> bool:
    """Whether a piece overlaps with one of the regions; None stands for all of the array."""
    if regions is None:
        return True
    place = _place(entry)
    return any(
        all(
            (theirs.start or 0) < ours.stop and ours.start < (theirs.stop or size)
            for ours, theirs, size in zip(place, region, entry["whole"], strict=False)
        )
        for region in regions
    )


def _place(entry: Mapping[str, Any]) -> tuple[slice, ...]:
    sizes = zip(entry["begin"], entry["shape"], strict=True)
    return tuple(slice(begin, begin + size) for begin, size in sizes)
