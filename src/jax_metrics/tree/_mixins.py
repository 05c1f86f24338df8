"""The functions of the package as methods, one line each."""

from collections.abc import Callable
from typing import Any, TypeVar

from jax_metrics.tree import _apply, _compact, _copy, _filter, _map, _merge, _to_dict, _to_string
from jax_metrics.tree._mutability import Immutable
from jax_metrics.tree._tree import Tree
from jax_metrics.tree._types import FilterLike
from jax_metrics.tree._unused_result import check_result_used

A = TypeVar("A")
T = TypeVar("T")


class Copy:
    """Adds `copy()`.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree, jm.Copy):
        ...     x: float = jm.node(default=1.0)
        >>> point = Point()
        >>> point.copy() is point, point.copy().x
        (False, 1.0)
    """

    def copy(self: A, shallow: bool = False, *, arrays: bool = False) -> A:
        """See `jm.copy`."""
        return _copy.copy(self, shallow, arrays=arrays)


class ToString:
    """Adds `to_string()`."""

    def to_string(self, **options: Any) -> str:
        """See `jm.to_string`."""
        return _to_string.to_string(self, **options)


class ToDict:
    """Adds `to_dict()`."""

    def to_dict(self, **options: Any) -> Any:
        """See `jm.to_dict`."""
        return _to_dict.to_dict(self, **options)


class Repr:
    """Replaces the repr by a short outline.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree, jm.Repr):
        ...     x: float = jm.node(default=1.0)
        >>> Point()
        Point {
            x: 1.0,
        }
    """

    def __repr__(self) -> str:
        return _to_string.short_repr(self)


class Filter:
    """Adds `filter()`."""

    def filter(self: A, *filters: FilterLike, **options: Any) -> A:
        """See `jm.filter`."""
        return _filter.filter(self, *filters, **options)


class Merge:
    """Adds `merge()`, also under the name `update`."""

    def merge(self: A, other: Any, *rest: Any, **options: Any) -> A:
        """See `jm.merge`."""
        merged = _merge.merge(self, other, *rest, **options)
        if not options.get("inplace"):
            check_result_used(self, "merge")
        return merged

    def update(self: A, other: Any, *rest: Any, **options: Any) -> A:
        """Another name of `merge`."""
        merged = _merge.merge(self, other, *rest, **options)
        if not options.get("inplace"):
            check_result_used(self, "update")
        return merged


class Map:
    """Adds `map()`.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree, jm.Map):
        ...     x: float = jm.node(default=1.0)
        >>> Point().map(lambda x: x + 1).x
        2.0
    """

    def map(self: A, f: Callable[[Any], Any], *filters: FilterLike, **options: Any) -> A:
        """See `jm.map`."""
        return _map.map(f, self, *filters, **options)


class Apply:
    """Adds `apply()`.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree, jm.Apply):
        ...     x: float = jm.node(default=1.0)
        >>> Point().apply(lambda point: setattr(point, "x", 2.0)).x
        2.0
    """

    def apply(self: A, f: Callable[..., None], *rest: Any, inplace: bool = False) -> A:
        """See `jm.apply`."""
        return _apply.apply(f, self, *rest, inplace=inplace)


class Compact:
    """Adds the methods for use inside `compact` methods."""

    @property
    def first_run(self) -> bool:
        """Whether the running compact method runs for the first time."""
        return _compact.first_run(self)

    def get_field(self, name: str, initializer: Callable[[], T]) -> T:
        """The value of a declared field, created in the first run of a compact method.

        Args:
            name: The field.
            initializer: Creates its value.
        """
        return _compact.get_field(self, name, initializer)


class Extensions(Copy, ToString, ToDict, Repr, Filter, Merge, Map, Apply, Compact):
    """All mixins except `KindMixin` and `Immutable`."""


class ImmutableTree(Tree, Immutable):
    """A Tree whose fields cannot be assigned; see `jm.Immutable`."""
