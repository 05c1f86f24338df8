"""`compact`: defining sub-trees inline, in the method that uses them.

The first run of a compact method stores every Tree that it creates in a field. In later runs the
constructor calls return the stored Trees, in the same order.
"""

import contextlib
import contextvars
import dataclasses
import enum
import functools
import re
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jax_metrics.tree._annotations import signature_of
from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._errors import CompactError
from jax_metrics.tree._field import Field
from jax_metrics.tree._flatten import layout_of
from jax_metrics.tree._layout import COMPACT_ARGUMENTS, COMPACT_METHODS, OVERRIDES, UNDECLARED_NODE
from jax_metrics.tree._local_classes import is_same_local_class, update_local_class
from jax_metrics.tree._mutability import inherit_mutability
from jax_metrics.tree._static_compare import interchangeable

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

SUBTREES = "_subtrees"


@dataclasses.dataclass(slots=True)
class _Run:
    """One run of a compact method.

    Attributes:
        tree: The object that the method belongs to.
        method: The name of the method.
        key: The key under which the method's sub-trees are stored.
        stored: Field names of the sub-trees of the first run; None during the first run.
        arguments: What their constructors were given in the first run, as far as it is plain.
        created: The sub-trees created so far, during the first run.
        returned: How many stored sub-trees have been returned so far.
    """

    tree: Any
    method: str
    key: str
    stored: tuple[str, ...] | None
    arguments: list[Any] = dataclasses.field(default_factory=list)
    created: list[Any] = dataclasses.field(default_factory=list)
    returned: int = 0


_stack: contextvars.ContextVar[tuple[_Run, ...]] = contextvars.ContextVar("compact", default=())
_OUTSIDE = None  # on the stack while a constructor runs: its sub-trees are not captured


def in_compact() -> bool:
    """Whether the running code is inside a method decorated with `compact`.

    Example:
        >>> import jax_metrics as jm
        >>> jm.in_compact()
        False
    """
    return _current() is not None


def _current() -> _Run | None:
    stack = _stack.get()
    return stack[-1] if stack else None


def compact(method: F) -> F:
    """Lets a method create sub-trees inline: `Linear(32)(x)` creates one once and keeps it.

    Args:
        method: The method. It must create the same sub-trees in the same order in every run.

    Raises:
        CompactError: In a later run that asks for other classes than the first, for more
            sub-trees, for fewer, or with other arguments, as far as these are plain values.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Block(jm.Module):
        ...     @jm.compact
        ...     def __call__(self, x):
        ...         return jm.Linear(2)(jm.Linear(4)(x))
        >>> block = Block().init(0, jnp.ones((1, 3)))
        >>> block._subtrees
        ('linear', 'linear2')
    """
    if getattr(method, "_is_mutable", False):
        raise ValueError(
            f"`compact` cannot wrap '{method.__name__}', which `mutable` has wrapped already. "
            "Write `@mutable` above `@compact`."
        )

    key = method.__qualname__  # not the name: a method may call `super()` with the same name

    # cloudpickle pickles the wrapper by value for a class in `__main__`, including the globals that
    # it names, so it must not name the context variable.
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _call(method, key, self, args, kwargs)

    wrapper._is_compact = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def has_compact_method(cls: type) -> bool:
    """Whether a method of the class is decorated with `compact`, so that calls make its fields."""
    return any(
        getattr(value, "_is_compact", False)  # `functools.wraps` passes it on
        for base in cls.__mro__
        for value in vars(base).values()
        if isinstance(value, types.FunctionType)
    )


def _call(method: Any, key: str, tree: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    stack = _stack.get()
    if any(run and run.tree is tree and run.key == key for run in stack):
        raise CompactError(
            f"The compact method {type(tree).__name__}.{method.__name__} calls itself on the same "
            "object. Its sub-modules are identified by their order, so it cannot recurse."
        )
    stored = vars(tree).get(COMPACT_METHODS, {}).get(key)
    arguments = vars(tree).get(COMPACT_ARGUMENTS, {}).get(key, ())
    run = _Run(tree, method.__name__, key, stored, list(arguments))
    token = _stack.set((*stack, run))
    try:
        output = method(tree, *args, **kwargs)
    finally:
        _stack.reset(token)
    _finish(run)
    return output


def _finish(run: _Run) -> None:
    if run.stored is None:
        _store(run)
    elif run.returned < len(run.stored):
        left = ", ".join(f"{name}: {_class_of(run, name)}" for name in run.stored[run.returned :])
        raise CompactError(
            f"{_place(run)} made {len(run.stored)} sub-modules in its first run but asked for "
            f"{run.returned} of them now; left over: {left}. A compact method must make the same "
            "ones in the same order every time: make them all before a Python branch chooses "
            "between them, or make them in `__init__`."
        )


def _store(run: _Run) -> None:
    """Stores the sub-trees of the first run in fields of the object."""
    tree = run.tree
    cls = type(tree)
    # A sub-tree must not hide a method or property. Declared fields without a value are free.
    taken = {name for name in dir(cls) if not isinstance(getattr(cls, name, None), Field)}
    taken |= set(vars(tree))
    names = tuple(_unique_name(_field_name(subtree), taken) for subtree in run.created)
    declared = class_info(cls).metadata
    for name, subtree in zip(names, run.created, strict=True):
        if name in declared and not declared[name].node:
            raise ValueError(
                f"{_place(run)} creates a {type(subtree).__name__} for the field '{name}', "
                "which is declared static. Rename one of the two."
            )
    fields = vars(tree)
    added = {name: UNDECLARED_NODE for name in names if name not in declared}
    overrides = {**fields.get(OVERRIDES, {}), **added}
    if added:
        setattr(tree, OVERRIDES, overrides)
    for name, subtree in zip(names, run.created, strict=True):
        setattr(tree, name, subtree)
    setattr(tree, COMPACT_METHODS, {**fields.get(COMPACT_METHODS, {}), run.key: names})
    setattr(
        tree,
        COMPACT_ARGUMENTS,
        {**fields.get(COMPACT_ARGUMENTS, {}), run.key: tuple(run.arguments)},
    )
    setattr(tree, SUBTREES, (*(getattr(tree, SUBTREES, None) or ()), *names))


def next_stored(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The stored sub-tree that a constructor call of `cls` returns in a later run, else None."""
    run = _current()
    if run is None or run.stored is None or not _has_declared_nodes(cls):
        return None
    return _take_stored(run, cls, args, kwargs)


def capture(tree: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Hands a new Tree to the running compact method; returns it, or the stored one in its place.

    A Tree without nodes, such as a loss, has nothing to keep: each run uses its own.
    """
    run = _current()
    if run is None or not (_has_declared_nodes(type(tree)) or layout_of(tree).names):
        return tree
    if run.stored is not None:
        return _take_stored(run, type(tree), args, kwargs)
    run.created.append(tree)
    run.arguments.append(_plain_arguments(args, kwargs))
    inherit_mutability(tree, run.tree)
    return tree


def _has_declared_nodes(cls: Any) -> bool:
    return cls._captured_inline or any(m.node for m in class_info(cls).metadata.values())


def _take_stored(run: _Run, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    assert run.stored is not None
    if run.returned == len(run.stored):
        raise CompactError(
            f"{_place(run)} made {len(run.stored)} sub-modules in its first run, and now asks for "
            f"one more: {cls.__name__}. A compact method must make the same ones in the same order "
            "every time: make them all before a Python branch chooses between them, or make them "
            "in `__init__`."
        )
    name = run.stored[run.returned]
    subtree = getattr(run.tree, name)
    # A wrapper that replaced the sub-tree since then names the class that it wraps.
    first = getattr(subtree, "stands_for", None) or type(subtree)
    if first is not cls:
        if not is_same_local_class(first, cls):
            raise CompactError(
                f"{_place(run)} expects its sub-module number {run.returned + 1} to be '{name}', a "
                f"{type(subtree).__name__}, as in its first run, but now makes a {cls.__name__} "
                "there. A compact method must make the same ones in the same order every time: "
                "make them all before a Python branch chooses between them, or make them in "
                "`__init__`."
            )
        update_local_class(first, cls)
    if run.returned < len(run.arguments):
        _check_arguments(run, name, subtree, _plain_arguments(args, kwargs))
    run.returned += 1
    return subtree


def _check_arguments(run: _Run, name: str, subtree: Any, now: dict[str, Any]) -> None:
    before = run.arguments[run.returned]
    for argument in (*before, *(new for new in now if new not in before)):
        old, new = before.get(argument, _ABSENT), now.get(argument, _ABSENT)
        if _ANY in (old, new) or interchangeable(old, new):
            continue
        label = _parameter(type(subtree), argument)
        # The sub-tree may have been replaced since then by one that has the new value.
        if not interchangeable(getattr(subtree, label, _ABSENT), new):
            raise CompactError(
                f"{_place(run)} made its sub-module '{name}' with {_shown(label, old)} in its "
                f"first run, but now asks for {_shown(label, new)}. The sub-module of the first "
                "run is kept, so the new value would be ignored: make a new model and initialize "
                "it, or pass what changes to the call of the sub-module."
            )


_ABSENT = "<not given>"
_ANY = "<not a plain value>"  # such as a function or a dtype, which is not compared


def _shown(argument: str, value: Any) -> str:
    return f"no `{argument}`" if value is _ABSENT else f"`{argument}={value!r}`"


def _parameter(cls: Any, argument: str) -> str:
    """The name of an argument of the constructor, which is given by position or by name."""
    if not argument.isdigit():
        return argument
    names = list(signature_of(cls).parameters)
    return names[int(argument)] if int(argument) < len(names) else argument


def _plain_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor call, by position or name; `_ANY` for those not compared."""
    given = {**{str(index): value for index, value in enumerate(args)}, **kwargs}
    return {name: value if _is_plain(value) else _ANY for name, value in given.items()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | bytes | enum.Enum)


@contextlib.contextmanager
def outside_compact() -> Iterator[None]:
    """Runs the block as if no compact method were running."""
    token = _stack.set((*_stack.get(), _OUTSIDE))  # type: ignore[arg-type]
    try:
        yield
    finally:
        _stack.reset(token)


def first_run(tree: Any) -> bool:
    """Whether the running compact method of the tree runs for the first time.

    Raises:
        CompactError: Outside of a compact method of this object.
    """
    run = _current()
    if run is None or run.tree is not tree:
        running = "none runs" if run is None else f"{_place(run)} runs"
        raise CompactError(
            f"`first_run` of a {type(tree).__name__} was asked outside of its compact methods "
            f"({running}). Decorate the method with `@jm.compact`."
        )
    return run.stored is None


def get_field(tree: Any, name: str, initializer: Callable[[], T]) -> T:
    """The value of a declared field; the initializer creates it if there is none yet.

    Raises:
        AttributeError: If the field is not declared.
        CompactError: If there is no value, and this is not the first run of a compact method.
    """
    if name in vars(tree):
        return vars(tree)[name]
    if not isinstance(getattr(type(tree), name, None), Field):
        raise AttributeError(
            f"{type(tree).__name__} declares no field '{name}'. Declare it in the class, as in "
            f"`{name}: jax.Array = jm.Parameter.node()`."
        )
    if not first_run(tree):
        raise CompactError(
            f"{type(tree).__name__}.{name} has no value, and `get_field` makes one only in the "
            "first run of a compact method."
        )
    value = initializer()
    setattr(tree, name, value)
    return value


def _place(run: _Run) -> str:
    return f"The compact method {type(run.tree).__name__}.{run.method}"


def _class_of(run: _Run, name: str) -> str:
    return type(getattr(run.tree, name)).__name__


def _field_name(tree: Any) -> str:
    return getattr(tree, "name", None) or snake_case(type(tree).__name__)


@functools.cache  # of the names of classes
def snake_case(name: str) -> str:
    """`MyLayer` as `my_layer`, `MLP` as `mlp`, `GIoU` as `giou`."""
    name = re.sub("[A-Z]?IoU", lambda match: match[0].capitalize(), name)  # one word
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _unique_name(name: str, taken: set[str]) -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}{number}", number + 1
    taken.add(unique)
    return unique
