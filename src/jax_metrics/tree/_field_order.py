"""Walks that follow the order of the fields, for people to read.

The children of a Tree have another order, in which undeclared fields are sorted: it must not depend
on the order of assignments. The items of dicts are sorted here, too: JAX sorts them whenever it
rebuilds a model, and equal models should read the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jax

from jax_metrics.tree._flatten import is_tree, layout_of
from jax_metrics.tree._leaves import is_leaf
from jax_metrics.tree._types import FieldInfo
from jax_metrics.tree._walk import is_empty

_IN_ORDER = "names in order"  # the key of a plan of layouts


def fields_in_order(tree: Any) -> Sequence[str]:
    """The node fields of a Tree: declared ones as in the class, the others as first assigned."""
    layout = layout_of(tree)
    names = layout.plans.get(_IN_ORDER)
    if names is None:
        declared = (name for name in layout.names if name in layout.declared)
        names = layout.plans[_IN_ORDER] = tuple(
            next(declared) if name in layout.declared else name
            for name in layout.template
            if name in layout.names
        )
    return names


def items_in_order(value: dict[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """The items of a dict, sorted by key."""
    try:
        return [(key, value[key]) for key in sorted(value)]
    except TypeError:  # keys of several types, which JAX rejects
        return value.items()


def leaves_in_order(value: Any) -> Iterator[FieldInfo]:
    """The leaves of a pytree in the order of its fields; those of dicts sorted by key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(2)).init(0, jnp.ones((1, 3)))
        >>> [leaf.path for leaf in jm.tree.leaves_in_order(model)]
        ['.layers[0].kernel', '.layers[0].bias']
    """
    return _leaves(value, FieldInfo(None, value, type(None), None))


def _leaves(value: Any, info: FieldInfo) -> Iterator[FieldInfo]:
    if is_tree(value):
        layout = layout_of(value)
        kinds = {
            n: metadata.kind for n, metadata in zip(layout.names, layout.metadata, strict=True)
        }
        for name in fields_in_order(value):
            field = vars(value)[name]
            path = f"{info.path}.{name}"
            yield from _leaves(field, FieldInfo(name, field, kinds[name], value, path))
    elif type(value) is dict:
        for key, item in items_in_order(value):
            yield from _leaves(item, _item(info, item, f"[{key!r}]"))
    elif type(value) is list or type(value) is tuple:
        for index, item in enumerate(value):
            yield from _leaves(item, _item(info, item, f"[{index}]"))
    elif is_leaf(value):
        yield info
    elif not is_empty(value):
        for keys, item in jax.tree_util.tree_leaves_with_path(value, is_leaf=is_tree):
            yield from _leaves(item, _item(info, item, jax.tree_util.keystr(keys)))


def _item(info: FieldInfo, item: Any, step: str) -> FieldInfo:
    return FieldInfo(info.name, item, info.kind, info.module, info.path + step)
