"""Dicts that keep their order in JAX, which sorts the keys of ordinary ones.

The order of a static dict is part of the structure. It must outlive `flatten_mode("all_fields")`,
under which static fields are children.
"""

from collections.abc import Iterable
from typing import Any

import jax


@jax.tree_util.register_pytree_with_keys_class
class _InOrder(dict):
    """A dict with its keys in the order of insertion; JAX rebuilds it as an ordinary dict."""

    def tree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        items = [(jax.tree_util.DictKey(key), value) for key, value in self.items()]
        return items, tuple(self)

    @classmethod
    def tree_unflatten(cls, keys: tuple[Any, ...], values: Iterable[Any]) -> dict[Any, Any]:
        return dict(zip(keys, values, strict=True))


def in_order(value: Any) -> Any:
    """The value with dicts that keep their order, including those in lists and tuples."""
    kind = type(value)
    if kind is dict:
        return _InOrder((key, in_order(item)) for key, item in value.items())
    return kind(map(in_order, value)) if kind is list or kind is tuple else value
