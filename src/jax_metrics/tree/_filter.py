"""`filter`: keeps some leaves of a pytree and replaces the others by `Nothing`."""

from typing import Any, TypeVar

from jax_metrics.tree._context import as_flatten_mode
from jax_metrics.tree._flatten import is_tree, layout_of, layout_under
from jax_metrics.tree._layout import FILTERED, Layout
from jax_metrics.tree._leaves import leaf_types
from jax_metrics.tree._traces import origin
from jax_metrics.tree._types import NOTHING, FieldInfo, FilterLike, FlattenMode, Predicate
from jax_metrics.tree._walk import (
    assign_children,
    check_inplace,
    field_path,
    map_value,
    rebuild,
    unchanged,
)

A = TypeVar("A")
Kind = type | tuple[type, ...]


def filter(
    obj: A,
    *filters: FilterLike,
    flatten_mode: FlattenMode | str | None = None,
    inplace: bool = False,
) -> A:
    """Keeps the leaves that pass all filters, and replaces the others by `Nothing`.

    Args:
        obj: A Tree, or any pytree with or without Trees in it.
        *filters: Kinds (a leaf passes when its field's kind is a subclass; a tuple of kinds means
            any of them) and predicates on `FieldInfo`.
        flatten_mode: `"all_fields"` filters static fields too; see `jm.flatten_mode`.
        inplace: Change and return `obj` itself, which must be a Tree.

    Raises:
        TypeError: If a filter is neither a kind nor callable, or `obj` cannot be changed in place.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> biases = jm.filter(layer, jm.Parameter, lambda field: field.name == "bias")
        >>> biases.kernel, biases.bias.shape
        (Nothing, (2,))
    """
    selection = Selection(filters, as_flatten_mode(flatten_mode))
    if inplace:
        return selection.of_tree(check_inplace(obj, "filter"), "", inplace=True)
    filtered = map_value(obj, selection.of_tree, selection.bare_leaf, selection.root)
    if is_tree(filtered):
        filtered.__dict__[FILTERED] = True  # for `merge`, where it has no `Nothing` inside
    return filtered


class Selection:
    """Decides which leaves pass a set of filters. Layouts cache the decision about kinds."""

    def __init__(self, filters: tuple[FilterLike, ...], mode: FlattenMode | None):
        self.kinds: tuple[Kind, ...] = tuple(f for f in filters if isinstance(f, type | tuple))
        self.predicates: tuple[Predicate, ...] = tuple(
            f for f in filters if not isinstance(f, type | tuple)
        )
        self.mode = mode
        self.made_in = origin()
        self.planned: Layout | None = None  # the layout that `plan` is for: often all have one
        self.plan: tuple[bool, ...] = ()
        self.root = "" if self.predicates else None
        for predicate in self.predicates:
            if not callable(predicate):
                raise TypeError(
                    f"A filter is a kind, such as `jm.Parameter`, or a function of a `FieldInfo`; "
                    f"{predicate!r} is a {type(predicate).__name__}."
                )

    def passes_kind(self, kind: type) -> bool:
        """Whether a field of this kind passes the kinds among the filters."""
        return all(issubclass(kind, wanted) for wanted in self.kinds)

    def passes(self, info: FieldInfo) -> bool:
        """Whether a leaf passes all filters."""
        return self.passes_kind(info.kind) and all(p(info) for p in self.predicates)

    def of_tree(self, tree: Any, path: str | None, inplace: bool = False) -> Any:
        """The Tree with `Nothing` for the leaves that do not pass."""
        layout = layout_of(tree) if self.mode is None else layout_under(tree, self.mode)
        plan = self.plan if layout is self.planned else self.plan_for(layout)
        fields = tree.__dict__
        children = []
        for index, name in enumerate(layout.names):
            value = fields[name]
            if type(value) in leaf_types and not (self.predicates and plan[index]):
                child = value if plan[index] else NOTHING
            elif not plan[index]:
                where = field_path(path, name)
                child = NOTHING if value is None else map_value(value, self.of_tree, _drop, where)
            elif self.predicates:
                kind = layout.metadata[index].kind
                child = self._by_predicates(value, name, kind, tree, path)
            else:
                child = map_value(value, self.of_tree, unchanged)
            children.append(child)
        if inplace:
            return assign_children(tree, layout, children)
        return rebuild(tree, layout, children, self.made_in)

    def plan_for(self, layout: Layout) -> tuple[bool, ...]:
        """Whether each node field passes the kinds among the filters."""
        plan = layout.plans.get(self.kinds)
        if plan is None:
            plan = tuple(self.passes_kind(metadata.kind) for metadata in layout.metadata)
            layout.plans[self.kinds] = plan
        self.planned, self.plan = layout, plan
        return plan

    def _by_predicates(self, value: Any, name: str, kind: type, tree: Any, path: str | None) -> Any:
        def on_leaf(leaf: Any, where: str | None) -> Any:
            info = FieldInfo(name, leaf, kind, tree, where or "")
            return leaf if self.passes(info) else NOTHING

        return map_value(value, self.of_tree, on_leaf, field_path(path, name))

    def bare_leaf(self, leaf: Any, path: str | None) -> Any:
        """The rule for a leaf that is not inside a Tree."""
        return leaf if self.passes(FieldInfo(None, leaf, type(None), None, path or "")) else NOTHING


def _drop(leaf: Any, path: str | None) -> Any:
    return NOTHING
