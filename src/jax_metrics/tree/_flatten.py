"""How Trees cross into JAX: flatten, unflatten, and the layout of an object.

`flatten` and `unflatten` run for every module on every call of every jitted function. They are
written for speed, and each line was measured (`benchmarks/dispatch.py`).
"""

from typing import Any

import jax

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._children import StaleLayout
from jax_metrics.tree._context import flatten_context, open_contexts
from jax_metrics.tree._dict_order import in_order
from jax_metrics.tree._layout import (
    LAYOUT,
    PENDING,
    PRIVATE,
    Layout,
    compute_layout,
    compute_mode_layout,
)
from jax_metrics.tree._lost_state import flattened
from jax_metrics.tree._snapshot import snapshot
from jax_metrics.tree._types import FieldInfo, FlattenMode

_new = object.__new__


class Rebuildable:
    """The root of all Tree classes; `unflatten` can create it without running code of a class."""


_set_dict = vars(Rebuildable)["__dict__"].__set__


def flatten(tree: Any) -> tuple[tuple[Any, ...], Layout]:
    """The children of a Tree and its layout."""
    if open_contexts:
        return _flatten_in_context(tree)
    fields = tree.__dict__
    try:
        layout = fields[LAYOUT]
        return layout.get(fields), layout
    except KeyError:
        layout = _renew_layout(tree, keep=flattened(tree))
        return layout.get(fields), layout


def flatten_with_keys(tree: Any) -> tuple[list[tuple[Any, Any]], Layout]:
    """As `flatten`, with the path entry of each child."""
    children, layout = flatten(tree)
    return list(zip(layout.keys, children, strict=True)), layout


def unflatten(layout: Layout, children: Any) -> Any:
    """Rebuilds a flattened object with other children."""
    if open_contexts:
        children = _without_field_info(children)
    fields = layout.template.copy()
    if layout.arity == 2:  # kernel and bias are the usual case: no call for them
        first, second = layout.names
        fields[first], fields[second] = children
    elif layout.arity:
        layout.assign(fields, children)
    if layout.mutable_statics:
        for name in layout.mutable_statics:
            fields[name] = snapshot(fields[name])
    tree = _new(layout.cls)
    _set_dict(tree, fields)
    return tree


def layout_of(tree: Any) -> Layout:
    """The layout of an object, as it is now."""
    fields = tree.__dict__
    layout = fields.get(LAYOUT)
    if layout is None:
        return _renew_layout(tree)
    if layout.get.__class__ is _FUNCTION:  # one that checks for changes in place
        try:
            layout.get(fields)
        except StaleLayout:
            return _renew_layout(tree)
    return layout


_FUNCTION = type(layout_of)


def layout_under(tree: Any, mode: FlattenMode | None) -> Layout:
    """The layout of an object under a flatten mode."""
    if mode is None or mode is FlattenMode.normal:
        return layout_of(tree)
    return compute_mode_layout(type(tree), tree.__dict__, mode)


def forget_layout(tree: Any) -> None:
    """Drops the layout, which is computed again the next time it is needed."""
    tree.__dict__.pop(LAYOUT, None)


def set_static(tree: Any, name: str, value: Any) -> None:
    """Assigns a static field. The new layout is computed once per old layout and value.

    Args:
        tree: The object.
        name: The field.
        value: A bool, an int, a string, None, or a tuple of those.
    """
    before = layout_of(tree)
    setattr(tree, name, value)
    types = map(type, value) if isinstance(value, tuple) else ()
    step = (name, value, type(value), *types)  # 1 == True
    after = before.plans.get(step)
    if after is None:
        before.plans[step] = layout_of(tree)
    else:
        tree.__dict__[LAYOUT] = after


def _renew_layout(tree: Any, *, keep: bool | None = None) -> Layout:
    """Works out the layout of an object; `keep` it there unless a note is to be found later."""
    fields = tree.__dict__
    layout = compute_layout(type(tree), fields)
    if PENDING not in fields if keep is None else keep:
        fields[LAYOUT] = layout
    else:
        fields.pop(LAYOUT, None)
    return layout


def public_fields(tree: Any) -> dict[str, Any]:
    """The fields of an object, without the private entries of its `__dict__`."""
    return {name: value for name, value in tree.__dict__.items() if name not in PRIVATE}


def is_tree(value: Any) -> bool:
    """Whether the value is a Tree.

    Example:
        >>> import jax_metrics as jm
        >>> jm.tree.is_tree(jm.Linear(4)), jm.tree.is_tree([1])
        (True, False)
    """
    return type(value) in TREE_TYPES


def _flatten_in_context(tree: Any) -> tuple[tuple[Any, ...], Layout]:
    context = flatten_context()
    fields = tree.__dict__
    layout = layout_under(tree, context.mode)
    children = tuple(fields[name] for name in layout.names)
    if context.field_info:
        children = tuple(
            _with_field_info(child, name, metadata.kind, tree)
            for child, name, metadata in zip(children, layout.names, layout.metadata, strict=True)
        )
    if context.mode is FlattenMode.all_fields:
        children = tuple(
            child if metadata.node else in_order(child)
            for child, metadata in zip(children, layout.metadata, strict=True)
        )
    return children, layout


def _with_field_info(value: Any, name: str, kind: type, tree: Any) -> Any:
    def wrap(leaf: Any) -> Any:
        return leaf if is_tree(leaf) else FieldInfo(name, leaf, kind, tree, f".{name}")

    return jax.tree.map(wrap, in_order(value), is_leaf=is_tree)


def _without_field_info(children: Any) -> Any:
    def unwrap(leaf: Any) -> Any:
        return leaf.value if isinstance(leaf, FieldInfo) else leaf

    return [jax.tree.map(unwrap, in_order(child), is_leaf=is_tree) for child in children]
