"""Whether two static values lead to the same compiled program.

This is more generous than `interchangeable`: functions created by the same code over the same
values, and functions restored from a pickle or a copy, share a program although they are different
objects. Everything that a program can depend on must agree: rules, options, closures, attributes.
"""

import contextvars
import dataclasses
import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.tree._static_compare import compare, compare_parts, equal, fingerprint, same_arrays
from jax_metrics.tree._static_parts import (
    UnreadableError,
    has_parts,
    is_dataclass,
    is_mutable,
    is_namedtuple,
    is_of_jax,
    is_plain_array,
)

# Libraries whose functions do not change the dicts and lists that they close over.
_PURE = frozenset({"jax", "optax", "flax", "haiku"})
_JITTED = type(jax.jit(lambda: None))
# The pairs of objects that are being compared, because objects may refer to themselves.
_pending: contextvars.ContextVar[frozenset[tuple[int, int]]] = contextvars.ContextVar(
    "pending", default=frozenset()
)


def same_program(a: Any, b: Any) -> bool:
    """Whether the two values lead to the same program."""
    return compare(a, b, _same_objects)


def _same_objects(a: Any, b: Any) -> bool:
    kind = type(a)
    if is_plain_array(a):
        return same_arrays(a, b)
    if kind is types.FunctionType:
        return _same_functions(a, b)
    if is_dataclass(kind):
        return all(same_program(getattr(a, n), getattr(b, n)) for n in _compared_fields(kind))
    if has_parts(a):
        return compare_parts(a, b, _same_objects)
    if isinstance(a, jax.Array):  # in a closure; comparing values would wait for the device
        return False
    if kind is _JITTED:
        return _same_jitted(a, b)
    if kind.__eq__ is not object.__eq__:
        return equal(a, b) and _same_where_readable(a, b)
    return is_of_jax(a) and _same_of_jax(a, b)


def _compared_fields(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind) if field.compare]


def _same_where_readable(a: Any, b: Any) -> bool:
    """Compares the parts of equal values: their types may differ, as in 1 and True."""
    try:
        return compare_parts(a, b, _same_objects)
    except UnreadableError:
        return True


def _same_functions(a: types.FunctionType, b: types.FunctionType) -> bool:
    """Whether two functions have the same code and use the same values."""
    if a.__code__ != b.__code__ or a.__module__ != b.__module__:
        return False
    if (a.__name__, a.__qualname__) != (b.__name__, b.__qualname__):
        return False
    try:
        return (
            _same_closures(a, b)
            and _same_globals(a, b)
            and _same_fixed(a.__defaults__, b.__defaults__)
            and _same_fixed_dicts(a.__kwdefaults__ or {}, b.__kwdefaults__ or {})
            and _same_fixed_dicts(vars(a), vars(b))
        )
    except RecursionError:  # a function that closes over itself
        return False


def _same_closures(a: types.FunctionType, b: types.FunctionType) -> bool:
    cells_a, cells_b = a.__closure__ or (), b.__closure__ or ()
    pure = str(a.__globals__.get("__name__")).partition(".")[0] in _PURE
    for name, cell_a, cell_b in zip(a.__code__.co_freevars, cells_a, cells_b, strict=True):
        if cell_a is cell_b:
            continue
        if not pure and name in _assigned_names(a.__code__):  # `nonlocal`: separate states
            return False
        try:
            same = same_program if pure else _same_fixed
            if not same(cell_a.cell_contents, cell_b.cell_contents):
                return False
        except ValueError:  # an empty cell
            return False
    return True


def _same_globals(a: types.FunctionType, b: types.FunctionType) -> bool:
    """Whether global names have the same values; unpickled functions have their own globals."""
    if a.__globals__ is b.__globals__:
        return True
    # `co_names` includes attributes, so a name that is missing in one of the two is ignored.
    names = a.__globals__.keys() & b.__globals__.keys() & _global_names(a.__code__)
    return all(same_program(a.__globals__[name], b.__globals__[name]) for name in names)


def _same_fixed(a: Any, b: Any) -> bool:
    """Compares values that are shared, not copied: mutable ones must be the same object."""
    return a is b or (not is_mutable(a) and same_program(a, b))


def _same_fixed_dicts(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(_same_fixed(a[name], b[name]) for name in a)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _global_names(code: types.CodeType) -> set[str]:
    return {name for inner in _codes(code) for name in inner.co_names}


@functools.lru_cache(maxsize=256)
def _assigned_names(code: types.CodeType) -> frozenset[str]:
    """The variables of enclosing functions that the code assigns or deletes."""
    return frozenset(
        instruction.argval
        for inner in _codes(code)
        for instruction in dis.get_instructions(inner)
        if instruction.opname in ("STORE_DEREF", "DELETE_DEREF")
    )


def _same_jitted(a: Any, b: Any) -> bool:
    """Compares the function and all options of what `jax.jit` returns."""
    return _same_states(a.__getstate__(), b.__getstate__(), without="cache")


def _same_of_jax(a: Any, b: Any) -> bool:
    """Compares objects of JAX, such as `custom_vjp` functions and sentinels, by attributes.

    Pickling and copying creates other objects. Classes written in C have no attributes.
    """
    if not hasattr(a, "__dict__"):
        return False
    pair = (id(a), id(b))
    if pair in _pending.get():  # a derivative rule that calls its function
        return True
    token = _pending.set(_pending.get() | {pair})
    try:
        return _same_states(vars(a), vars(b))
    finally:
        _pending.reset(token)


def _same_states(a: dict[str, Any], b: dict[str, Any], without: str = "") -> bool:
    return a.keys() == b.keys() and all(
        same_program(a[name], b[name]) for name in a if name != without
    )


def program_fingerprint(value: Any) -> int:
    """A hash that is equal for values that lead to the same program."""
    return fingerprint(value, _hash_of_object)


def _hash_of_object(value: Any) -> int:
    kind = type(value)
    if is_dataclass(kind):
        fields = (program_fingerprint(getattr(value, name)) for name in _compared_fields(kind))
        return hash((kind, *fields))
    if is_namedtuple(value):
        return hash((kind, *map(program_fingerprint, value)))
    return hash(kind)
