"""Random keys that an object keeps in a field."""

from typing import Any

import jax

from jax_metrics.module._inputs import Initializer
from jax_metrics.module._keys import iter_split
from jax_metrics.tree import check_key_draw


def key_from_init() -> Initializer:
    """Makes the value of a field before `init`, which puts the key that it is given there."""
    return Initializer(_unchanged)


def advance_key(owner: Any, name: str, *, differs: bool = False) -> jax.Array:
    """Splits the key in a field: returns one half, and keeps the other.

    Args:
        owner: The Tree that has the field.
        name: The field, which holds a key.
        differs: Whether the caller makes the key differ along the mapped axis of `vmap`.

    Raises:
        LeakedStateError: If the object is from outside of the running trace.
    """
    if not differs:
        check_key_draw(owner, name)
    key, kept = iter_split(getattr(owner, name))
    setattr(owner, name, kept)
    return key


def _unchanged(key: jax.Array) -> jax.Array:
    return key
