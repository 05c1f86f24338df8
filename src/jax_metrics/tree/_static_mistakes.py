"""Values that cannot be a field as they are, and how each should be declared or kept."""

import types
from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._errors import StaticFieldError
from jax_metrics.tree._field import Field

_USED_ONCE = (types.GeneratorType, map, filter, zip, enumerate, reversed)


def static_array(cls: Any, name: str, array: Any) -> StaticFieldError:
    """The error for an array of JAX in a static field."""
    shown = f"{array.dtype}[{','.join(map(str, array.shape))}]"
    first, *others = cls._array_declarations
    either = "".join(f", or `{name}: jax.Array = {other}`" for other in others)
    return StaticFieldError(
        f"{cls.__name__}.{name} is a static field but holds a JAX array, {shown}. Static fields "
        "are part of the structure, so an array there is never traced, differentiated or updated. "
        "Either\n"
        f"  1. declare the field in the class body: `{name}: jax.Array = {first}`{either}; or\n"
        f"  2. if it is a constant, keep it as a numpy array: `self.{name} = np.asarray(...)`."
    )


def check_static(cls: type, name: str, value: Any) -> None:
    """Raises for a declaration, a set of Trees, or an iterator in a static field.

    Raises:
        StaticFieldError: Naming the field, and what to write.
    """
    kind = type(value)
    if kind is Field:
        raise StaticFieldError(
            f"{cls.__name__}.{name} was assigned a declaration, such as `jm.Parameter.node(...)`, "
            "by a method. Declare the field in the class body, "
            f"`{name}: jax.Array = jm.Parameter.node()`, and assign the value itself in "
            f"`__init__`: `self.{name} = array`."
        )
    if kind in _USED_ONCE or isinstance(value, Iterator):
        raise StaticFieldError(
            f"{cls.__name__}.{name} holds a {kind.__name__}, which can be read only once, so the "
            f"modules or values in it are lost. Keep a list: `self.{name} = list(...)`."
        )
    if kind in (set, frozenset) and any(type(item) in TREE_TYPES for item in value):
        raise StaticFieldError(
            f"{cls.__name__}.{name} is a {kind.__name__} of modules, which has no order, so it "
            f"cannot be a part of a pytree. Keep a list: `self.{name} = [...]`."
        )


def check_keys(cls: type, name: str, value: Any) -> None:
    """Raises for a dict in a node field whose keys JAX cannot sort.

    Raises:
        TypeError: Naming the field, and the keys.
    """
    if type(value) is dict:
        kinds = {type(key) for key in value}
        if len(kinds) > 1:
            try:
                sorted(value)
            except TypeError as error:
                listed = ", ".join(map(repr, value))
                raise TypeError(
                    f"{cls.__name__}.{name} holds a dict with the keys {listed}, which JAX cannot "
                    "sort because their types differ. Use keys of one type, such as strings."
                ) from error
        value = list(value.values())
    if type(value) in (list, tuple):
        for item in value:
            check_keys(cls, name, item)


def check_items(cls: type, name: str, value: Any) -> None:
    """Raises for a function, a class or a string beside Trees in a list, tuple or dict.

    It would be a leaf of the pytree, which no transformation of JAX accepts.

    Raises:
        TypeError: Naming the field and the place, and what to write.

    Example:
        >>> import jax_metrics as jm
        >>> jm.tree.check_items(jm.Module, "layers", [jm.Linear(2), "relu"])
        Traceback (most recent call last):
            ...
        TypeError: ...
    """
    if type(value) is dict:
        items = {f"[{key!r}]": item for key, item in value.items()}
    elif type(value) in (list, tuple):
        items = {f"[{index}]": item for index, item in enumerate(value)}
    else:
        return
    beside_trees = any(type(item) in TREE_TYPES for item in items.values())
    for place, item in items.items():
        called = callable(item) and jax.tree_util.all_leaves([item])  # less other pytrees
        if beside_trees and (called or isinstance(item, str)):
            raise _no_leaf(cls, name, place, item)
        check_items(cls, name + place, item)


def _no_leaf(cls: type, name: str, place: str, item: Any) -> TypeError:
    called = getattr(item, "__name__", "")
    called = called if called.isidentifier() else "..."
    if isinstance(item, str):
        what, remedy = f"the string {item!r}", "Keep it in a field of its own, which is static."
    elif isinstance(item, type):
        what, remedy = f"the class {called}", f"Make a module of it: `{called}(...)`."
    else:
        what = f"the function `{called}`" if called != "..." else f"a function, {item!r}"
        remedy = f"Write `jm.Lambda({called})`, or make `{name}` a `jm.Sequential`."
    return TypeError(
        f"{cls.__name__}.{name}{place} is {what}, beside modules. There it is a leaf of the "
        f"pytree, and `jax.jit` accepts only arrays as leaves. {remedy}"
    )
