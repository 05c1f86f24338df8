"""Copies of static values, which are not affected by later changes in place."""

from typing import Any

import jax
import numpy as np

from jax_metrics.tree._static_compare import equal
from jax_metrics.tree._static_parts import (
    CONSTANTS,
    UnreadableError,
    assemble,
    attributes,
    field_values,
    has_parts,
    is_constant_array,
    is_dataclass,
    is_mutable,
    is_plain_array,
    parts,
)

# Shared objects, each with a copy of its attributes, by `id`.
Watched = dict[int, tuple[Any, Any]]


def snapshot(value: Any, watched: Watched | None = None) -> Any:
    """A copy of a value in which mutable parts are copied and immutable ones are shared.

    Args:
        value: The value. NumPy arrays in it become read-only copies, unless they are constant.
        watched: Collects the plain objects that the value refers to, which are not copied. If
            given, the value is also checked.

    Raises:
        UnreadableError: If a mutable object in it cannot be copied.
        IncomparableError: If the `==` of an object in it has no plain truth value.
    """
    kind = type(value)
    if kind in CONSTANTS:
        return value
    if kind is list or kind is tuple:
        # Lists of sizes are copied with every object; without a call for each item that is quick.
        return kind([x if type(x) in CONSTANTS else snapshot(x, watched) for x in value])
    if kind is dict:
        return {key: snapshot(item, watched) for key, item in value.items()}
    if is_plain_array(value):
        return _constant_array(value)
    if has_parts(value):
        old = parts(value)
        new = [snapshot(part, watched) for part in old]
        return assemble(value, new) if is_mutable(value) else value
    if watched is not None:
        _watch(value, watched)
    return value


def _watch(value: Any, watched: Watched) -> None:
    if is_dataclass(type(value)):
        for item in field_values(value):
            snapshot(item, watched)
    elif type(value).__eq__ is not object.__eq__ and not isinstance(value, jax.Array):
        equal(value, value)
    elif id(value) not in watched and (state := attributes(value)) is not None:
        watched[id(value)] = value, None  # objects may refer to each other
        watched[id(value)] = value, snapshot(state, watched)


def _constant_array(array: np.ndarray) -> np.ndarray:
    if isinstance(array, np.ma.MaskedArray):
        raise UnreadableError("a MaskedArray, whose mask can change in place")
    if is_constant_array(array):
        return array
    copied = array.copy(order="K")
    copied.flags.writeable = False
    return copied


def holds_array(value: Any) -> bool:
    """Whether the value is a NumPy array, or has one among its parts."""
    if isinstance(value, np.ndarray):
        return True
    if has_parts(value):
        return any(map(holds_array, parts(value)))
    return is_dataclass(type(value)) and any(map(holds_array, field_values(value)))


def find_jax_array(value: Any) -> jax.Array | None:
    """An array of JAX inside a value that should be static, or None."""
    if isinstance(value, jax.Array):
        return value
    if type(value) in CONSTANTS or isinstance(value, type):
        return None
    if isinstance(value, dict):
        items = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        items = value
    else:
        items = (leaf for leaf in jax.tree.leaves(value) if leaf is not value)
    return next((found for item in items if (found := find_jax_array(item)) is not None), None)
