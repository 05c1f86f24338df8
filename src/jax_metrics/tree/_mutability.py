"""Immutable Trees, and ways to make changed copies of them."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._copy import copy
from jax_metrics.tree._errors import MutabilityError
from jax_metrics.tree._flatten import forget_layout, is_tree, layout_of, public_fields
from jax_metrics.tree._layout import MUTABLE
from jax_metrics.tree._nearest import nearest
from jax_metrics.tree._other_method import OtherMethod
from jax_metrics.tree._walk import trees_in

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Any])


class Immutable:
    """Mixin that forbids assignment to fields; `replace` and `mutable` make changed copies.

    Example:
        >>> import jax_metrics as jm
        >>> @jm.dataclass
        ... class Point(jm.Tree, jm.Immutable):
        ...     x: int = jm.node()
        >>> Point(1).replace(x=2).x
        2
    """

    @property
    def is_mutable(self) -> bool:
        """Whether fields can be assigned now."""
        return is_mutable(self)

    def replace(self: A, **changes: Any) -> A:
        """See `jax_metrics.tree.replace`."""
        return replace(self, **changes)

    def __setattr__(self, name: str, value: Any) -> None:
        _check(self, name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        _check(self, name)
        super().__delattr__(name)


def replace(tree: A, /, **changes: Any) -> A:
    """Returns a copy of a Tree with other values of some fields; the arrays are shared.

    Args:
        tree: The Tree.
        **changes: The new values by name: node fields and settings.

    Raises:
        TypeError: If there is no such field, or it cannot be assigned.

    Example:
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(8)
        >>> layer.replace(features=16).features, layer.features
        (16, 8)
    """
    cls = type(tree).__name__
    known = _settable_names(tree)
    for name in changes:
        if name in known:
            continue
        if hasattr(tree, name):
            raise TypeError(f"{cls}.{name} is not a field, so `replace` cannot change it.")
        public = [known_name for known_name in known if not known_name.startswith("_")]
        raise TypeError(
            f"{cls} has no field '{name}'.{nearest(name, public)} Its fields: {', '.join(public)}."
        )
    copied = copy(tree)
    with toplevel_made_mutable(copied):
        for name, value in changes.items():
            setattr(copied, name, value)
    return copied


def _settable_names(tree: Any) -> list[str]:
    """The fields of a Tree, and the settings that its class computes."""
    settings = (
        name
        for base in reversed(type(tree).__mro__)
        for name, value in vars(base).items()
        if _is_assignable(value)
    )
    declared = class_info(type(tree)).metadata
    names = dict.fromkeys([*public_fields(tree), *declared, *settings])
    return [name for name in names if not name.startswith("__")]


def _is_assignable(attribute: Any) -> bool:
    """Whether an attribute of a class is a default, or computes a setting that can be assigned."""
    if isinstance(attribute, property):
        return attribute.fset is not None
    methods = (classmethod, staticmethod, functools.cached_property, OtherMethod)
    return not callable(attribute) and not isinstance(attribute, methods)


def _check(tree: Any, name: str) -> None:
    if not is_mutable(tree):
        cls = type(tree).__name__
        raise MutabilityError(
            f"{cls}.{name} cannot be assigned: {cls} is immutable. Make a changed copy with "
            f"`.replace({name}=...)`, or run the method through `jm.mutable`."
        )


def is_mutable(tree: Any) -> bool:
    """Whether the fields of the Tree can be assigned now."""
    return not isinstance(tree, Immutable) or MUTABLE in vars(tree)


def inherit_mutability(tree: Any, parent: Any) -> None:
    """Makes a Tree mutable for as long as the mutable Tree in which it was created."""
    if vars(parent).get(MUTABLE) == "all":
        _set_mutable(tree, "all")


def _set_mutable(tree: Any, value: str | None) -> None:
    if not isinstance(tree, Immutable):
        return
    if value is None:
        vars(tree).pop(MUTABLE, None)
    else:
        vars(tree)[MUTABLE] = value
    forget_layout(tree)


@contextlib.contextmanager
def toplevel_made_mutable(tree: Any) -> Iterator[None]:
    """Makes one Tree mutable while the block runs, but not the Trees inside."""
    before = vars(tree).get(MUTABLE)
    _set_mutable(tree, "toplevel")
    try:
        yield
    finally:
        _set_mutable(tree, before)


def make_mutable(tree: Any, toplevel_only: bool = False) -> contextlib.AbstractContextManager[None]:
    """Makes a Tree and the Trees inside mutable while the block runs.

    Args:
        tree: The Tree.
        toplevel_only: Do not make the Trees inside mutable.

    Example:
        >>> import jax_metrics as jm
        >>> @jm.dataclass
        ... class Point(jm.Tree, jm.Immutable):
        ...     x: int = jm.node()
        >>> point = Point(1)
        >>> with jm.make_mutable(point):
        ...     point.x = 5
        >>> point.x
        5
    """
    return toplevel_made_mutable(tree) if toplevel_only else _made_mutable(tree)


@contextlib.contextmanager
def _made_mutable(tree: Any) -> Iterator[None]:
    before = [(part, vars(part).get(MUTABLE)) for part in _all_trees(tree)]
    for part, _ in before:
        _set_mutable(part, "all")
    try:
        yield
    finally:
        known = {id(part): state for part, state in before}
        for part in (*_all_trees(tree), *(part for part, _ in before)):
            _set_mutable(part, known.get(id(part)))


def _all_trees(value: Any) -> list[Any]:
    found = []
    for tree in trees_in(value):
        found.append(tree)
        for name in layout_of(tree).names:
            found += _all_trees(getattr(tree, name))
    return found


def mutable(f: Callable[..., A], *, toplevel_only: bool = False) -> Callable[..., tuple[A, Any]]:
    """Turns a function that changes a Tree in place into one that returns the changed copy.

    Args:
        f: A function whose first argument is a Tree, a method, or a callable Tree.
        toplevel_only: Make only the Tree itself mutable, not the Trees inside.

    Returns:
        A function that returns the output of `f` and the changed copy of the Tree; Trees in the
        output are immutable again.

    Raises:
        TypeError: If `f` is bound to something that is not a Tree, or called without one.

    Example:
        >>> import jax_metrics as jm
        >>> @jm.dataclass
        ... class Counter(jm.Tree, jm.Immutable):
        ...     n: int = jm.node(0)
        ...     def add(self, x):
        ...         self.n += x
        ...         return x
        >>> counter = Counter()
        >>> x, counter = jm.mutable(counter.add)(3)
        >>> counter.n
        3
    """

    def call(tree: Any, *args: Any, **kwargs: Any) -> tuple[A, Any]:
        tree = copy(tree)
        with make_mutable(tree, toplevel_only=toplevel_only):
            output = unbound(tree, *args, **kwargs)
        for part in _all_trees(output):
            _set_mutable(part, None)
        return output, tree

    unbound, bound = _unbind(f)
    return _wrapped(f, call, unbound, bound)


def toplevel_mutable(f: F) -> F:
    """Lets a method of an immutable Tree assign its own fields and return the changed `self`.

    Args:
        f: A method that returns `self`, alone or as the last item of a tuple.

    Raises:
        TypeError: If `f` is bound to something that is not a Tree, or called without one.

    Example:
        >>> import jax_metrics as jm
        >>> @jm.dataclass
        ... class Counter(jm.Tree, jm.Immutable):
        ...     n: int = jm.node(0)
        ...     @jm.toplevel_mutable
        ...     def add(self, x):
        ...         self.n += x
        ...         return self
        >>> Counter().add(3).n
        3
    """

    def call(tree: Any, *args: Any, **kwargs: Any) -> Any:
        state = vars(tree).get(MUTABLE)
        output, _ = mutable(unbound, toplevel_only=True)(tree, *args, **kwargs)
        last = output[-1] if isinstance(output, tuple) else output
        if type(last) is type(tree):
            _set_mutable(last, state)
        return output

    unbound, bound = _unbind(f)
    return _wrapped(f, call, unbound, bound)  # type: ignore[return-value]


def _unbind(f: Any) -> tuple[Callable[..., Any], Any]:
    """The plain function of a method or callable Tree, and the Tree that it is bound to."""
    if inspect.ismethod(f):
        unbound, bound = f.__func__, f.__self__
    elif is_tree(f):
        unbound, bound = type(f).__call__, f
    else:
        return f, None
    if not is_tree(bound):
        raise TypeError(
            f"Expected a method of a Tree, but '{unbound.__qualname__}' is bound to a "
            f"{type(bound).__name__}. Pass the plain function instead."
        )
    return unbound, bound


def _wrapped(f: Any, call: Callable[..., Any], unbound: Any, bound: Any) -> Callable[..., Any]:
    @functools.wraps(unbound)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        tree, *others = (bound, *args) if bound is not None else args or (None,)
        if not is_tree(tree):
            raise TypeError(
                f"'{getattr(f, '__name__', f)}' changes a Tree, its first argument, but was given "
                f"a {type(tree).__name__}."
            )
        return call(tree, *others, **kwargs)

    wrapper._is_mutable = True  # type: ignore[attr-defined]
    return wrapper
