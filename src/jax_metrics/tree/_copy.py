"""`copy`: new objects and containers around the same arrays."""

from typing import Any, TypeVar

from jax_metrics.tree._flatten import layout_of, unflatten
from jax_metrics.tree._layout import NATIVE
from jax_metrics.tree._walk import Rule, map_value

A = TypeVar("A")


def copy(obj: A, shallow: bool = False) -> A:
    """Returns a copy: Trees, lists, tuples and dicts are new, arrays and other leaves are shared.

    Args:
        obj: A Tree, or any pytree.
        shallow: Copy the outermost Trees only; the Trees inside are shared.

    Example:
        >>> import jax_metrics as jm
        >>> model = jm.nn.Sequential(jm.Linear(3))
        >>> twin = jm.copy(model)
        >>> twin is model, twin.layers is model.layers
        (False, False)
    """
    return map_value(obj, _shallow_tree if shallow else _deep_tree, _same)


def _deep_tree(tree: Any, path: str | None) -> Any:
    return _copied(tree, _deep_tree)


def _shallow_tree(tree: Any, path: str | None) -> Any:
    return _copied(tree, _same)


def _copied(tree: Any, on_tree: Rule) -> Any:
    layout = layout_of(tree)
    fields = tree.__dict__
    children = tuple(map_value(fields[name], on_tree, _same) for name in layout.names)
    made = unflatten(layout, children)
    made.__dict__[NATIVE] = True
    return made


def _same(value: Any, path: str | None) -> Any:
    return value
