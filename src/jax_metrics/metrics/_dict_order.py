"""Keeps the order of dicts through `jax.jit`, which sorts their keys."""

from collections import OrderedDict
from typing import Any


def keep_order(value: Any) -> Any:
    """The value with dicts turned into OrderedDicts, whose keys JAX does not sort."""
    if isinstance(value, dict):
        return OrderedDict((name, keep_order(item)) for name, item in value.items())
    return tuple(map(keep_order, value)) if type(value) is tuple else value


def as_dicts(value: Any) -> Any:
    """The value with OrderedDicts turned back into dicts."""
    if isinstance(value, OrderedDict):
        return {name: as_dicts(item) for name, item in value.items()}
    return tuple(map(as_dicts, value)) if type(value) is tuple else value
