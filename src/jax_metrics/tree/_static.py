"""Static values: when two are the same, and how their containers are copied.

`==` alone will not do. `1 == 1.0 == True`, yet they lead to different programs; NaN differs from
itself; arrays have no plain truth value; and two closures made by the same code, or a function
that came back from a pickle, are alike although `==` says no.
"""

import copy
import dataclasses
import functools
import math
import types
from typing import Any

import jax
import numpy as np

_PLAIN = (int, str, bytes, bool, type(None), type)
_MUTABLE = (list, dict, set, np.ndarray)
_JITTED = type(jax.jit(lambda: None))


def same(a: Any, b: Any) -> bool:
    """Whether two static values stand for the same program."""
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind in _PLAIN:
        return a == b
    if kind is float:
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    if kind is list or kind is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    if kind is dict:
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if issubclass(kind, np.ndarray):
        return _same_arrays(a, b)
    if kind is types.FunctionType:
        return _same_functions(a, b)
    if kind is types.MethodType:
        return same(a.__func__, b.__func__) and same(a.__self__, b.__self__)
    if issubclass(kind, functools.partial):
        return same((a.func, a.args, a.keywords), (b.func, b.args, b.keywords))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return all(map(same, a, b))
    if _is_record(kind):
        return all(same(getattr(a, name), getattr(b, name)) for name in _compared(kind))
    if issubclass(kind, jax.Array):  # in a closure; comparing values would wait for the device
        return False
    if kind is set or kind is frozenset:
        return {(type(item), item) for item in a} == {(type(item), item) for item in b}
    if kind.__eq__ is not object.__eq__:
        return _equal(a, b)
    if kind is _JITTED:
        return _same_jitted(a, b)
    if hasattr(a, "__wrapped__"):  # as `jax.custom_jvp` makes them; other objects after a pickle
        return same(a.__wrapped__, getattr(b, "__wrapped__", None))
    return _same_pytrees(a, b)


def _is_record(kind: type) -> bool:
    """Whether the class is a dataclass that compares by its fields."""
    parameters = vars(kind).get("__dataclass_params__")
    return parameters is not None and parameters.eq


def _compared(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind) if field.compare]


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception as error:
        raise ValueError(
            f"`==` of two {type(a).__name__} values has none ({type(error).__name__}: {error})"
        ) from error


def _same_pytrees(a: Any, b: Any) -> bool:
    leaves_a, structure_a = jax.tree.flatten(a)
    if jax.tree_util.treedef_is_leaf(structure_a):
        return False
    leaves_b, structure_b = jax.tree.flatten(b)
    return structure_a == structure_b and all(map(same, leaves_a, leaves_b))


def _same_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.hasobject:
        return all(map(same, a.ravel().tolist(), b.ravel().tolist()))
    return a.tobytes() == b.tobytes()


def _same_functions(a: types.FunctionType, b: types.FunctionType) -> bool:
    """Whether two functions have the same code and see the same values."""
    if a.__code__ != b.__code__ or a.__module__ != b.__module__:
        return False
    if a.__qualname__ != b.__qualname__ or len(a.__closure__ or ()) != len(b.__closure__ or ()):
        return False
    # A function that came by cloudpickle brings its own globals. `co_names` has attributes too, so
    # a name that only one side knows says nothing.
    own = a.__globals__ is not b.__globals__
    names = a.__globals__.keys() & b.__globals__.keys() & {*a.__code__.co_names} if own else ()
    try:
        cells_a = [cell.cell_contents for cell in a.__closure__ or ()]
        cells_b = [cell.cell_contents for cell in b.__closure__ or ()]
        return (
            all(same(a.__globals__[name], b.__globals__[name]) for name in names)
            and same(a.__defaults__, b.__defaults__)
            and same(a.__kwdefaults__, b.__kwdefaults__)
            and same(cells_a, cells_b)
        )
    except (ValueError, RecursionError):  # an empty cell, a function that closes over itself
        return False


def _same_jitted(a: Any, b: Any) -> bool:
    """Whether two results of `jax.jit` are alike; a copy of one lost all but what pickles take."""
    state_a, state_b = a.__getstate__(), b.__getstate__()
    parts = ("fun", "static_argnums", "static_argnames")
    return all(part in state_a and same(state_a[part], state_b[part]) for part in parts)


def fingerprint(value: Any) -> int:
    """A hash that is equal for values that are the same, whether they are hashable or not."""
    kind = type(value)
    if kind in _PLAIN:
        return hash((kind, value))
    if isinstance(value, list | tuple):
        return hash((kind, *map(fingerprint, value)))
    if _is_record(kind):
        return hash((kind, *(fingerprint(getattr(value, name)) for name in _compared(kind))))
    return hash((kind, len(value))) if kind is dict else hash(kind)


def is_mutable(value: Any) -> bool:
    """Whether the value can change in place, itself or inside a tuple."""
    if isinstance(value, tuple):
        return any(map(is_mutable, value))
    return isinstance(value, _MUTABLE)


def copy_containers(value: Any) -> Any:
    """A copy with new lists, dicts and sets, and numpy arrays that cannot be written to."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(copy_containers(item) for item in value)
    if kind is dict:
        return {key: copy_containers(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return kind(*map(copy_containers, value))
    if isinstance(value, np.ndarray):
        return _frozen_array(value)
    return copy.copy(value) if isinstance(value, _MUTABLE) else value


def _frozen_array(value: np.ndarray) -> np.ndarray:
    """The array itself if it cannot be written to, else a copy that cannot: those can be shared."""
    if value.flags.writeable:
        value = value.copy()
        value.flags.writeable = False
    return value


def find_array(value: Any) -> jax.Array | None:
    """An array of JAX that is inside a value which ought to be static, or None."""
    if isinstance(value, jax.Array):
        return value
    if type(value) in _PLAIN:
        return None
    if isinstance(value, dict):
        items = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        items = value
    else:
        items = (leaf for leaf in jax.tree.leaves(value) if leaf is not value)
    return next((found for item in items if (found := find_array(item)) is not None), None)
