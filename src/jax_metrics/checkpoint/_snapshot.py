"""The items of a checkpoint as arrays and plain values that nothing else writes to."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.core import Tracer

from jax_metrics.checkpoint._encoding import Encoded, encoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._names import named_leaves
from jax_metrics.checkpoint._pieces import Piece, own_parts
from jax_metrics.checkpoint._plain_values import PlainValue, mark_plain, to_json
from jax_metrics.checkpoint._state_dict import is_array, is_number
from jax_metrics.checkpoint._tied_names import Tied, tied_names


class Snapshot(NamedTuple):
    """What a checkpoint is made of; everything but the items is by full name.

    Attributes:
        items: The names of the items.
        arrays: Copies of what this process saves of their arrays.
        pieces: Where those of them belong that are pieces of an array.
        values: Their plain values as JSON.
        ties: Their tied positions.
    """

    items: list[str]
    arrays: dict[str, Encoded]
    pieces: dict[str, Piece]
    values: dict[str, Any]
    ties: dict[str, Tied]


def snapshot(items: Mapping[str, Any], *, is_main: bool) -> Snapshot:
    """Copies the arrays of the items to the host.

    Args:
        items: The items by name.
        is_main: Whether this process saves the arrays that each process has for itself.

    Raises:
        CheckpointError: If a leaf cannot be stored; it lists all of them.
    """
    marked = {name: _marked(name, item) for name, item in items.items()}
    check_initialized(marked)
    named = named_leaves(marked)
    leaves = {name: leaf for name, (_, leaf) in named.items()}
    wrong = [f"`{name}` {reason}" for name, leaf in leaves.items() if (reason := _refused(leaf))]
    if wrong:
        raise CheckpointError("Nothing was saved:\n" + "\n".join(wrong))
    _check_nesting(leaves)
    values = {
        name: to_json(leaf.value) for name, leaf in leaves.items() if isinstance(leaf, PlainValue)
    }
    arrays: dict[str, Any] = {}
    pieces: dict[str, Piece] = {}
    for name in [name for name in leaves if name not in values]:
        for part, leaf, piece in own_parts(name, leaves[name], is_main=is_main):
            arrays[part] = leaf
            if piece is not None:
                pieces[part] = piece
    for leaf in arrays.values():
        if isinstance(leaf, jax.Array) and not _on_host(leaf):
            leaf.copy_to_host_async()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # copying releases the GIL
        copies = dict(zip(arrays, pool.map(_owned, arrays.values()), strict=True))
    pieces = {name: piece.in_stored(copies[name].array.shape) for name, piece in pieces.items()}
    return Snapshot(sorted(items), copies, pieces, values, tied_names(marked, named))


def check_initialized(items: Mapping[str, Any]) -> None:
    """Checks that modules and optimizers have the arrays that they are made for.

    Raises:
        CheckpointError: If some do not; it lists all of them.
    """
    fresh = lambda node: getattr(node, "initialized", None) is False  # noqa: E731
    nodes = jax.tree_util.tree_leaves_with_path(items, is_leaf=fresh)
    wrong = [
        f"the {type(node).__name__} at {jax.tree_util.keystr(path, simple=True, separator='.')}"
        for path, node in nodes
        if fresh(node) and not jax.tree.leaves(node)  # a module may have made its arrays itself
    ]
    if wrong:
        raise CheckpointError(
            f"Not initialized: {', '.join(wrong)}. Call `model.init(key, inputs)` and "
            "`optimizer.init(model)` first; to restore, their `jax.eval_shape` will do."
        )


def _marked(name: str, item: Any) -> Any:
    try:
        return mark_plain(item)
    except RecursionError as error:
        raise CheckpointError(
            f"Nothing was saved: `{name}` is nested too deeply, or contains itself."
        ) from error


def _owned(leaf: Any) -> Encoded:
    leaf = np.asarray(leaf) if is_number(leaf) else leaf
    result = encoded(leaf)
    # What was on a device has just been copied; what was on the host is the caller's own memory,
    # or that of JAX, which a donation gives to the next program.
    if isinstance(leaf, jax.Array) and not _on_host(leaf):
        return result
    return result._replace(array=result.array.copy())


def _on_host(array: jax.Array) -> bool:
    on_cpu = any(device.platform == "cpu" for device in array.devices())
    return on_cpu or array.sharding.memory_kind not in (None, "device")


def _refused(leaf: Any) -> str | None:
    """Why a leaf cannot be stored, and what to do."""
    if isinstance(leaf, PlainValue):
        return None
    if isinstance(leaf, Tracer):
        return "is traced: call `save` outside of `jit`."
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return "has a shape, but no values: it comes from `jax.eval_shape`."
    if isinstance(leaf, jax.Array) and leaf.is_deleted():
        return "was donated to a program, and is gone: save what that program returned."
    if is_array(leaf) or (is_number(leaf) and np.asarray(leaf).dtype != object):
        return None
    return (
        f"is a {type(leaf).__name__}, neither an array nor a plain value (None, a bool, an int, a "
        "float, a string, bytes, or a list, tuple or dict of them with string keys). Convert it."
    )


def _check_nesting(leaves: Mapping[str, Any]) -> None:
    """Checks that the names make nested dicts, in which `a` and `a.b` exclude each other.

    Raises:
        CheckpointError: If they do not.
    """
    for name in leaves:
        parts = name.split(".")
        for length in range(1, len(parts)):
            if (outer := ".".join(parts[:length])) in leaves:
                raise CheckpointError(
                    f"There are both `{outer}` and `{name}`. Use keys without dots in the dict "
                    "that holds them."
                )
