"""Dicts that keep the order of their names through `jax.jit`, which sorts them."""

from collections import OrderedDict
from typing import Any


def keep_order(value: Any) -> Any:
    """The value with its dicts as OrderedDict; JAX sorts the keys of others."""
    if isinstance(value, dict):
        return OrderedDict((name, keep_order(one)) for name, one in value.items())
    return tuple(map(keep_order, value)) if type(value) is tuple else value


def as_dicts(value: Any) -> Any:
    """The value with dicts again."""
    if isinstance(value, OrderedDict):
        return {name: as_dicts(one) for name, one in value.items()}
    return tuple(map(as_dicts, value)) if type(value) is tuple else value
