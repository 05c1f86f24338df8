"""Walking Trees directly, without going through JAX's flatten and its contexts.

Each function of the package (`filter`, `merge`, `map`, `apply`, `copy`) is a rule for leaves and a
rule for Trees. This file defines what a container is, and how objects are rebuilt.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import jax

from jax_metrics.tree._flatten import is_tree, unflatten
from jax_metrics.tree._layout import NATIVE, PENDING, REBUILT, Layout
from jax_metrics.tree._leaves import is_leaf, leaf_types
from jax_metrics.tree._lost_state import carry_note
from jax_metrics.tree._traces import origin
from jax_metrics.tree._types import Nothing


def is_empty(value: Any) -> bool:
    """Whether the value is `None` or `Nothing`: a node without leaves."""
    return value is None or type(value) is Nothing


A = TypeVar("A")
Rule = Callable[[Any, str | None], Any]


def map_value(
    value: Any,
    on_tree: Rule,
    on_leaf: Rule,
    path: str | None = None,
    stop: Callable[[Any], bool] | None = None,
) -> Any:
    """Rebuilds a value with rules applied to the Trees and the leaves in it.

    Args:
        value: A Tree, a leaf, or any pytree with those inside.
        on_tree: Called with each outermost Tree and its path.
        on_leaf: Called with each leaf outside of those Trees and its path.
        path: The path of the value itself; None if the rules need no paths, which is faster.
        stop: Whether a value counts as a leaf.
    """
    if stop is not None and stop(value):
        return on_leaf(value, path)
    kind = type(value)
    if kind in leaf_types:
        return on_leaf(value, path)
    if is_tree(value):
        return on_tree(value, path)
    if is_empty(value):
        return value
    if kind is list or kind is tuple:
        return kind(
            map_value(item, on_tree, on_leaf, item_path(path, index), stop)
            for index, item in enumerate(value)
        )
    if kind is dict:
        return {
            key: map_value(item, on_tree, on_leaf, item_path(path, key), stop)
            for key, item in value.items()
        }
    if is_leaf(value):
        return on_leaf(value, path)

    def rule(keys: Any, item: Any) -> Any:
        inner_path = None if path is None else path + jax.tree_util.keystr(keys)
        counts_as_leaf = (stop is not None and stop(item)) or not is_tree(item)
        return (on_leaf if counts_as_leaf else on_tree)(item, inner_path)

    def ends(item: Any) -> bool:
        return is_tree(item) or (stop is not None and stop(item))

    return jax.tree_util.tree_map_with_path(rule, value, is_leaf=ends)


def item_path(path: str | None, key: Any) -> str | None:
    """The path of an item of a container."""
    return None if path is None else f"{path}[{key!r}]"


def field_path(path: str | None, name: str) -> str | None:
    """The path of a field of a Tree."""
    return None if path is None else f"{path}.{name}"


def rebuild(
    tree: Any,
    layout: Layout,
    children: Iterable[Any],
    made_in: Any,
    *,
    native: bool | None = None,
) -> Any:
    """A new object like `tree`, with other children. All functions of the package use it.

    Args:
        tree: The original.
        layout: Its layout, which has the class and the static fields.
        children: The values of the node fields, in the order of `layout.names`.
        made_in: The `origin()` of the running code, looked up once for all objects.
        native: Whether the new object counts as created by Python code. If not, state that is
            assigned to it and lost is reported (see `_lost_state.py`). None: as the original.
    """
    rebuilt = unflatten(layout, children)
    fields = tree.__dict__
    if native or (native is None and NATIVE in fields):
        rebuilt.__dict__[NATIVE] = made_in
    elif made_in is not None:
        rebuilt.__dict__[REBUILT] = made_in
    if PENDING in fields:
        carry_note(tree, rebuilt)
    return rebuilt


def made_here(tree: A) -> A:
    """Says of an object that a compiled function returned that it belongs to the running code."""
    tree.__dict__[NATIVE] = origin()
    return tree


def was_rebuilt(tree: Any) -> bool:
    """Whether a transformation of JAX made the object, out of another one."""
    return NATIVE not in tree.__dict__


def assign_children(tree: Any, layout: Layout, children: Iterable[Any]) -> Any:
    """Assigns the children that changed to the tree itself, and returns it."""
    for name, child in zip(layout.names, children, strict=True):
        if tree.__dict__[name] is not child:
            setattr(tree, name, child)
    return tree


def unchanged(leaf: Any, path: str | None) -> Any:
    """The rule for leaves of a walk that only rebuilds Trees and containers."""
    return leaf


def trees_in(value: Any) -> list[Any]:
    """The outermost Trees in a value, in order."""
    if is_tree(value):
        return [value]
    if type(value) in leaf_types or is_empty(value):
        return []
    return [item for item in jax.tree.leaves(value, is_leaf=is_tree) if is_tree(item)]


def check_inplace(obj: A, function: str) -> A:
    """Returns the object if it can be changed in place, else raises."""
    if not is_tree(obj):
        raise TypeError(
            f"`{function}(..., inplace=True)` changes a Tree in place, but was given a "
            f"{type(obj).__name__}. Leave `inplace` out and use the result."
        )
    return obj
