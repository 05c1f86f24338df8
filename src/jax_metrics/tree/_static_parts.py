"""The parts of static values: which values are copied, and how.

Python's data model decides. A class without `==` of its own compares by identity, so its objects
are shared. A class with `==` but without a hash has mutable values, so its objects are copied. A
class with both has immutable values, so its objects are shared. Pytrees are copied in any case.
"""

import dataclasses
import enum
import functools
import types
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

# Exact types whose values are immutable, and have nothing inside that could be mutable.
CONSTANTS = frozenset(
    {int, float, complex, bool, str, bytes, range, type(None), type(Ellipsis), type(NotImplemented)}
)
# Defined in code, or on a device: never inspected.
_ATOMS = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
    enum.Enum,
    np.dtype,
    np.generic,
    jax.Array,
)
_BOUND = (types.MethodType, functools.partial)
_MUTABLE = frozenset({list, dict, set})
_CONTAINERS = _MUTABLE | {tuple, frozenset}


class UnreadableError(TypeError):
    """A mutable value cannot be copied, so changes of it could not be noticed."""


def is_of_jax(value: Any) -> bool:
    """Whether JAX defines the class of the value, as for results of `jax.jit`."""
    return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def is_namedtuple(value: Any) -> bool:
    """Whether the value is a named tuple with nothing but its fields."""
    return (
        isinstance(value, tuple)
        and hasattr(type(value), "_fields")
        and not getattr(value, "__dict__", None)
    )


def is_dataclass(kind: type) -> bool:
    """Whether the class is a dataclass that compares by its fields."""
    parameters = vars(kind).get("__dataclass_params__")
    return parameters is not None and parameters.eq


def field_values(value: Any) -> list[Any]:
    """The values of the fields of a dataclass."""
    names = (field.name for field in dataclasses.fields(value))
    return [getattr(value, name) for name in names if hasattr(value, name)]


def has_parts(value: Any) -> bool:
    """Whether the value counts by its parts; `parts` returns them."""
    kind = type(value)
    if kind in CONSTANTS:
        return False
    if kind in _CONTAINERS or isinstance(value, _BOUND):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.hasobject
    return not isinstance(value, _ATOMS) and (is_namedtuple(value) or _is_mutable_object(value))


def is_mutable(value: Any) -> bool:
    """Whether the value, or something that is copied with it, can change in place."""
    kind = type(value)
    if kind in CONSTANTS:
        return False
    if kind in _MUTABLE:
        return True
    if isinstance(value, np.ndarray):
        return not is_constant_array(value)
    if kind in _CONTAINERS or is_namedtuple(value) or isinstance(value, _BOUND):
        return any(map(is_mutable, parts(value)))
    return has_parts(value)


def _is_mutable_object(value: Any) -> bool:
    kind = type(value)
    if kind.__eq__ is object.__eq__:
        return not is_of_jax(value) and not jax.tree_util.all_leaves((value,))
    if kind.__hash__ is None:
        return True
    if is_dataclass(kind):
        return any(map(is_mutable, field_values(value)))
    try:
        hash(value)
    except Exception:  # a list inside, say
        return True
    return False


def is_plain_array(value: Any) -> bool:
    """Whether the value is an array of numbers; an array of objects is a container."""
    return isinstance(value, np.ndarray) and not value.dtype.hasobject


def is_constant_array(array: np.ndarray) -> bool:
    """Whether the array is read-only, and no other view of its memory is writable."""
    view: Any = array
    while isinstance(view, np.ndarray):
        if view.flags.writeable:
            return False
        view = view.base
    if array.dtype.hasobject and any(map(is_mutable, array.ravel().tolist())):
        return False
    return view is None or isinstance(view, bytes)


def parts(value: Any) -> Sequence[Any]:
    """The parts of a value, in a fixed order.

    Raises:
        UnreadableError: If it is an object that cannot be copied.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        return value
    if kind is dict:
        return [*value, *value.values()]
    if isinstance(value, types.MethodType):
        return value.__func__, value.__self__
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords, vars(value)
    if kind is set or kind is frozenset or is_namedtuple(value):
        return tuple(value)
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.ravel().tolist()
    if _is_open(kind):
        return (vars(value),)
    try:
        reduced = value.__reduce_ex__(4)  # as `copy.copy` does it
    except Exception as error:
        raise UnreadableError(
            f"a {kind.__name__}, which can change in place and cannot be copied "
            f"({type(error).__name__}: {error})"
        ) from error
    if isinstance(reduced, str):
        return (reduced,)
    make, args, state, items, pairs, setter = (*reduced, None, None, None, None)[:6]
    return make, args, state, [*(items or ())], [*(pairs or ())], setter


def assemble(value: Any, new: Sequence[Any]) -> Any:
    """A value like this one with other parts."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return kind(new)
    if kind is dict:
        half = len(new) // 2
        return dict(zip(new[:half], new[half:], strict=True))
    if isinstance(value, types.MethodType):
        return types.MethodType(*new)
    if isinstance(value, functools.partial):
        func, args, keywords, attributes = new
        bound = kind(func, *args, **keywords)
        vars(bound).update(attributes)
        return bound
    if is_namedtuple(value):
        return kind._make(new)
    if isinstance(value, np.ndarray):
        return _object_array(*new)
    if _is_open(kind):
        copied: Any = object.__new__(kind) if kind is not _NAMESPACE else _NAMESPACE()
        vars(copied).update(new[0])
        return copied
    if len(new) == 1:  # an object that pickles by its name
        return value
    make, args, state, items, pairs, setter = new
    copied = make(*args)
    if state is not None:
        _set_state(copied, state, setter)
    if items:
        copied.extend(items)
    for key, item in pairs:
        copied[key] = item
    return copied


def _object_array(dtype: np.dtype, shape: tuple[int, ...], items: list[Any]) -> np.ndarray:
    flat = np.empty(len(items), dtype)
    for index, item in enumerate(items):
        flat[index] = item
    array = flat.reshape(shape)
    array.flags.writeable = flat.flags.writeable = False
    return array


@functools.cache
def _is_open(kind: type) -> bool:
    """Whether the whole state of the objects of a class is in their `__dict__`."""
    if kind is _NAMESPACE:
        return True
    return kind.__dictoffset__ != 0 and all(
        base is object
        or (
            base.__flags__ & _MADE_BY_CLASS_STATEMENT
            and not vars(base).get("__slots__")
            and not vars(base).keys() & _PICKLING
        )
        for base in kind.__mro__
    )


_MADE_BY_CLASS_STATEMENT = 1 << 9
_PICKLING = {"__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"} | {
    "__getnewargs__",
    "__getnewargs_ex__",
}
_NAMESPACE = types.SimpleNamespace


def _set_state(copied: Any, state: Any, setter: Any) -> None:
    if setter is not None:
        setter(copied, state)
    elif hasattr(copied, "__setstate__"):
        copied.__setstate__(state)
    else:
        attributes, slots = state if isinstance(state, tuple) else (state, None)
        vars(copied).update(attributes or {})
        for name, item in (slots or {}).items():
            object.__setattr__(copied, name, item)


def attributes(value: Any) -> Any:
    """The attributes of a plain object that compares by identity; None if it is not one."""
    kind = type(value)
    if kind in CONSTANTS or isinstance(value, _ATOMS) or is_of_jax(value):
        return None
    if kind.__eq__ is not object.__eq__:
        return None
    if kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        return None  # its attributes are not its whole state
    try:
        return object.__getstate__(value)
    except TypeError:  # a class written in C
        return None
