"""`map`: applies a function to the leaves of a pytree that pass filters."""

from collections.abc import Callable
from typing import Any, TypeVar

from jax_metrics.tree._context import as_flatten_mode
from jax_metrics.tree._filter import Selection
from jax_metrics.tree._flatten import layout_under
from jax_metrics.tree._types import FieldInfo, FilterLike, FlattenMode, Nothing
from jax_metrics.tree._walk import assign_children, check_inplace, field_path, map_value, rebuild

A = TypeVar("A")


def map(
    f: Callable[[Any], Any],
    obj: A,
    *filters: FilterLike,
    flatten_mode: FlattenMode | str | None = None,
    is_leaf: Callable[[Any], bool] | None = None,
    field_info: bool = False,
    inplace: bool = False,
) -> A:
    """Applies a function to the leaves that pass all filters; the others stay unchanged.

    Args:
        f: The function. Called with the leaf, or with its `FieldInfo` if `field_info` is set.
        obj: A Tree, or any pytree.
        *filters: As in `filter`; without any, all leaves are chosen.
        flatten_mode: `"all_fields"` maps static fields too; see `jm.flatten_mode`.
        is_leaf: Whether a value inside the tree counts as a leaf.
        field_info: Pass the `FieldInfo` of the leaf to `f`, with its path, kind and module.
        inplace: Change and return `obj` itself, which must be a Tree.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> zeroed = jm.map(jnp.zeros_like, layer, lambda field: field.path == ".kernel")
        >>> float(zeroed.kernel.sum())
        0.0
    """
    selection = Selection(filters, as_flatten_mode(flatten_mode))

    def of_leaf(info: FieldInfo) -> Any:
        if not selection.passes(info):
            return info.value
        result = f(info if field_info else info.value)
        return info.value if filters and type(result) is Nothing else result

    def of_tree(tree: Any, path: str | None, inplace: bool = False) -> Any:
        layout = layout_under(tree, selection.mode)
        children = []
        for name, metadata in zip(layout.names, layout.metadata, strict=True):

            def on_leaf(
                leaf: Any, where: str | None, name: str = name, kind: type = metadata.kind
            ) -> Any:
                return of_leaf(FieldInfo(name, leaf, kind, tree, where or ""))

            value = tree.__dict__[name]
            children.append(map_value(value, of_tree, on_leaf, field_path(path, name), is_leaf))
        if inplace:
            return assign_children(tree, layout, children)
        return rebuild(tree, layout, children, selection.made_in)

    def bare_leaf(leaf: Any, path: str | None) -> Any:
        return of_leaf(FieldInfo(None, leaf, type(None), None, path or ""))

    if inplace:
        return of_tree(check_inplace(obj, "map"), "", inplace=True)
    return map_value(obj, of_tree, bare_leaf, "", is_leaf)
