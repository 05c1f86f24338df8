"""`merge`: replaces values of a tree by those of other trees of the same structure."""

import functools
from collections.abc import Iterator
from typing import Any, TypeVar

import jax

from jax_metrics.tree._context import as_flatten_mode
from jax_metrics.tree._copy import copy
from jax_metrics.tree._errors import MergeError
from jax_metrics.tree._flatten import forget_layout, is_tree, layout_of, public_fields
from jax_metrics.tree._layout import FILTERED, PENDING, Layout
from jax_metrics.tree._leaves import is_leaf, leaf_types
from jax_metrics.tree._lost_state import carry_note, settle
from jax_metrics.tree._same_program import same_program
from jax_metrics.tree._tied import Tie
from jax_metrics.tree._traces import origin
from jax_metrics.tree._types import NOTHING, FlattenMode, Nothing
from jax_metrics.tree._walk import check_inplace, is_empty, rebuild, trees_in

A = TypeVar("A")


def merge(
    obj: A,
    other: Any,
    *rest: Any,
    flatten_mode: FlattenMode | str | None = None,
    ignore_static: bool = False,
    check_shapes: bool = True,
    inplace: bool = False,
) -> A:
    """Replaces the values of `obj` by those of the other trees; the last tree wins.

    Where the others have `Nothing`, `obj` keeps its own value, so `merge(x, filter(x, ...))` is
    `x`. From a tree with `Nothing` inside, and from a result of `filter`, only the leaves are used.
    Any other tree, such as a whole model, replaces the static fields, too, unless `ignore_static`
    is set.

    Args:
        obj: A Tree, or any pytree.
        other: A tree of the same structure, with `Nothing` where it has no value.
        *rest: More such trees.
        flatten_mode: `"normal"` requires equal static fields; the default, `"all_fields"`, takes
            them from the other trees.
        ignore_static: Keep the static fields of `obj` without comparing them.
        check_shapes: Reject an array in place of one of another shape.
        inplace: Change and return `obj` itself, which must be a Tree.

    Raises:
        MergeError: If the structures differ, or the shapes of two arrays. Nothing is changed then.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> zeros = jax.tree.map(jnp.zeros_like, layer.filter(jm.Parameter))
        >>> float(layer.merge(zeros).kernel.sum())
        0.0
    """
    mode = as_flatten_mode(flatten_mode) or FlattenMode.all_fields
    if mode is FlattenMode.no_fields:
        return obj if inplace else copy(obj)
    if inplace:
        check_inplace(obj, "merge")
    others = [other, *rest]
    merger = _Merger(mode is FlattenMode.normal, ignore_static, check_shapes, others)
    try:
        merged = merger.value(obj, others)
    except _Mismatch as mismatch:
        raise MergeError(f"At {mismatch.path or 'the root'}: {mismatch.message}") from None
    if not inplace:
        return merged
    for name, value in public_fields(merged).items():
        if vars(obj).get(name, NOTHING) is not value:
            setattr(obj, name, value)
    settle(vars(merged))
    return obj


class _Mismatch(Exception):
    """A mismatch on its way to the root, which collects its path."""

    def __init__(self, message: str):
        self.message = message
        self.path = ""

    def under(self, step: str) -> "_Mismatch":
        self.path = step + self.path
        return self


class _Merger:
    def __init__(self, check: bool, ignore: bool, check_shapes: bool, others: list[Any]):
        self.check_statics = check and not ignore
        self.keep_statics = check or ignore
        self.check_shapes = check_shapes
        self.others = others
        self.made_in = origin()

    @functools.cached_property
    def leaves_only(self) -> set[int]:
        """The ids of the Trees that bring their leaves alone."""
        partial = (o for o in self.others if (is_tree(o) and FILTERED in vars(o)) or _is_partial(o))
        return {id(tree) for other in partial for tree in _trees_in(other)}

    def value(self, value: Any, others: list[Any]) -> Any:
        others = [other for other in others if type(other) is not Nothing]
        if not others:
            return value if type(value) in leaf_types else copy(value)
        if is_empty(value):
            return self.value(others[0], others[1:])
        if is_tree(value):
            return self.tree(value, others)
        if is_leaf(value):
            return self.leaf(value, others[-1])
        for other in others:
            if type(other) is not type(value):
                raise _other_type(value, other)
        if type(value) is Tie:
            return self.tie(value, others)
        if type(value) in (list, tuple):
            return self.sequence(value, others)
        if type(value) is dict:
            return self.dict(value, others)
        return self.custom(value, others)

    def leaf(self, value: Any, last: Any) -> Any:
        if type(last) is Tie:
            raise _other_tie(value, last)
        if last is value or not self.check_shapes:
            return last
        try:
            shape, new = value.shape, last.shape
        except AttributeError:  # not both are arrays
            return last
        if shape != new:
            raise _Mismatch(
                f"expected an array of shape {list(shape)}, but a tree to merge has one of shape "
                f"{list(new)} there. Pass `check_shapes=False` if that is meant."
            )
        return last

    def tie(self, value: Tie, others: list[Any]) -> Tie:
        for other in others:
            if value != other:
                raise _other_tie(value, other)
        return value

    def item(self, step: str, value: Any, others: list[Any]) -> Any:
        try:
            return self.value(value, others)
        except _Mismatch as mismatch:
            raise mismatch.under(step) from None

    def sequence(self, value: Any, others: list[Any]) -> Any:
        for other in others:
            if len(other) != len(value):
                raise _Mismatch(
                    f"expected a {type(value).__name__} of {len(value)} items, but a tree to merge "
                    f"has {len(other)} there."
                )
        return type(value)(
            self.item(f"[{i}]", item, [other[i] for other in others])
            for i, item in enumerate(value)
        )

    def dict(self, value: dict, others: list[Any]) -> dict:
        for other in others:
            if other.keys() != value.keys():
                raise _Mismatch(
                    f"expected a dict with the keys {sorted(map(str, value))}, but a tree to merge "
                    f"has {sorted(map(str, other))} there."
                )
        return {
            key: self.item(f"[{key!r}]", item, [other[key] for other in others])
            for key, item in value.items()
        }

    def custom(self, value: Any, others: list[Any]) -> Any:
        def ends(item: Any) -> bool:
            return is_tree(item) or is_empty(item)

        def rule(keys: Any, item: Any, *parts: Any) -> Any:
            return self.item(jax.tree_util.keystr(keys), item, list(parts))

        try:
            return jax.tree_util.tree_map_with_path(rule, value, *others, is_leaf=ends)
        except ValueError as error:
            raise _Mismatch(
                f"the {type(value).__name__} of a tree to merge has another structure: {error}"
            ) from error

    def tree(self, tree: Any, others: list[Any]) -> Any:
        for other in others:
            if type(other) is not type(tree):
                raise _other_type(tree, other)
        layout = layout_of(tree)
        fields = tree.__dict__
        sources = [other.__dict__ for other in others]
        children = []
        for name in layout.names:
            value = fields[name]
            if type(value) in leaf_types:  # the usual case, with few calls
                last = value
                for source in sources:
                    other = source.get(name, NOTHING)
                    if type(other) is not Nothing:
                        last = other
                if type(last) in leaf_types:
                    try:
                        children.append(last if last is value else self.leaf(value, last))
                    except _Mismatch as mismatch:
                        raise mismatch.under(f".{name}") from None
                    continue
            values = [source[name] for source in sources if name in source]
            try:
                children.append(self.value(value, values))
            except _Mismatch as mismatch:
                raise mismatch.under(f".{name}") from None
        merged = rebuild(tree, layout, children, self.made_in)
        for other in others:
            if PENDING in other.__dict__:
                carry_note(other, merged)
            other_layout = layout_of(other)
            if other_layout is not layout:
                self.merge_other_fields(merged, layout, other, other_layout)
        return merged

    def merge_other_fields(
        self, merged: Any, layout: Layout, other: Any, other_layout: Layout
    ) -> None:
        """Merges the fields of `other` that are not node fields of this layout."""
        for name, value in public_fields(other).items():
            if name in layout.names or type(value) is Nothing:
                continue
            if name in other_layout.names:
                vars(merged)[name] = copy(value)
                forget_layout(merged)
            elif id(other) in self.leaves_only:
                continue
            elif not self.keep_statics:
                vars(merged)[name] = copy(value)
                forget_layout(merged)
            elif self.check_statics and not same_program(vars(merged).get(name), value):
                raise _Mismatch(
                    f"the static field {type(merged).__name__}.{name} is "
                    f"{vars(merged).get(name)!r}, but {value!r} in a tree to merge. Pass "
                    "`ignore_static=True` to keep the first."
                )


def _other_tie(expected: Any, actual: Any) -> _Mismatch:
    one, other = (
        f"a position {value!r}" if type(value) is Tie else f"a {type(value).__name__}"
        for value in (expected, actual)
    )
    return _Mismatch(
        f"expected {one}, but a tree to merge has {other} there. Merge trees with the same ties: "
        "make them with `jm.tie`, or end them with `jm.untie`."
    )


def _other_type(expected: Any, actual: Any) -> _Mismatch:
    if type(expected) is Tie or type(actual) is Tie:
        return _other_tie(expected, actual)
    return _Mismatch(
        f"expected a {type(expected).__name__}, but a tree to merge has "
        f"{'None' if actual is None else 'a ' + type(actual).__name__} there. Merge trees of the "
        "same structure, with `Nothing` where one has no value."
    )


def _is_partial(value: Any) -> bool:
    """Whether there is `Nothing` inside."""
    if type(value) is Nothing:
        return True
    if is_tree(value):
        return any(_is_partial(vars(value)[name]) for name in layout_of(value).names)
    if isinstance(value, dict):
        return any(map(_is_partial, value.values()))
    return isinstance(value, list | tuple) and any(map(_is_partial, value))


def _trees_in(value: Any) -> Iterator[Any]:
    """All Trees in a value, at any depth."""
    for tree in trees_in(value):
        yield tree
        for name in layout_of(tree).names:
            yield from _trees_in(vars(tree)[name])
