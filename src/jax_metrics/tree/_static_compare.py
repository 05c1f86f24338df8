"""Strict comparison of static values: whether one may replace another.

`==` alone is not enough: `1 == 1.0 == True` and `0.0 == -0.0`, yet they lead to different programs;
NaN differs from itself; the order of dicts is ignored; and arrays have no plain truth value.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jax_metrics.tree._static_parts import (
    CONSTANTS,
    field_values,
    has_parts,
    is_constant_array,
    is_dataclass,
    is_plain_array,
    parts,
)

Comparison = Callable[[Any, Any], bool]
_SAMPLE = 64  # the number of array elements that a hash depends on


def unchanged(now: Any, then: Any) -> bool:
    """Whether a value has not changed since `then` was copied from it.

    Arrays are compared by identity, so it does not matter how large they are.
    """
    return compare(now, then, _unchanged_object)


def interchangeable(a: Any, b: Any) -> bool:
    """Whether `b` may replace `a`: it is the same object, or an equal immutable value.

    Containers are compared by their items, because each object gets its own copy.
    """
    return compare(a, b, _interchangeable_objects)


def compare(a: Any, b: Any, objects: Comparison) -> bool:
    """Compares values; `objects` compares those that are neither constants nor containers."""
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind in CONSTANTS:
        return _same_constants(a, b)
    if kind is list or kind is tuple:
        return len(a) == len(b) and all(
            x is y or compare(x, y, objects) for x, y in zip(a, b, strict=True)
        )
    if kind is dict:
        return len(a) == len(b) and all(
            (p is q or compare(p, q, objects)) and (x is y or compare(x, y, objects))
            for (p, x), (q, y) in zip(a.items(), b.items(), strict=True)
        )
    if kind is set or kind is frozenset:
        partner = {item: item for item in b}
        return a == b and all(compare(item, partner[item], objects) for item in a)
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, np.dtype):
        return a == b
    return objects(a, b)


def equal(a: Any, b: Any) -> bool:
    """The `==` of the class.

    Raises:
        IncomparableError: If it has no plain truth value.
    """
    try:
        return bool(a == b)
    except Exception as error:
        raise IncomparableError(
            f"`==` of two {type(a).__name__} values has none ({type(error).__name__}: {error})"
        ) from error


class IncomparableError(ValueError):
    """The `==` of a class has no plain truth value."""


def compare_parts(a: Any, b: Any, objects: Comparison) -> bool:
    """Compares the parts of two values of one class."""
    return compare(tuple(parts(a)), tuple(parts(b)), objects)


def _same_constants(a: Any, b: Any) -> bool:
    if type(a) is float:
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    if type(a) is complex:
        return _same_constants(a.real, b.real) and _same_constants(a.imag, b.imag)
    if type(a) is range:
        return (a.start, a.stop, a.step) == (b.start, b.stop, b.step)
    return a == b


def _unchanged_object(now: Any, then: Any) -> bool:
    return not is_plain_array(now) and _equal_objects(now, then, _unchanged_object)


def _interchangeable_objects(a: Any, b: Any) -> bool:
    if is_plain_array(a):
        return is_constant_array(a) and is_constant_array(b) and same_arrays(a, b)
    return _equal_objects(a, b, _interchangeable_objects)


def _equal_objects(a: Any, b: Any, objects: Comparison) -> bool:
    if has_parts(a):
        return compare_parts(a, b, objects)
    # An immutable dataclass. Its fields do not show attributes that were added to the object.
    return (
        is_dataclass(type(a))
        and len(getattr(a, "__dict__", ())) <= len(field_values(a))
        and compare(field_values(a), field_values(b), objects)
    )


def same_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether arrays have the same type, shape, order in memory and content."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.strides != b.strides and not (a.flags.c_contiguous and b.flags.c_contiguous):
        return False
    return np.array_equal(_bytes(a), _bytes(b))


def _bytes(array: np.ndarray) -> np.ndarray:
    """The bytes of an array, without a copy if it is contiguous."""
    flat = np.asarray(array).ravel(order="K")
    return np.ascontiguousarray(flat).view(np.uint8)


def fingerprint(value: Any, of_object: Callable[[Any], int]) -> int:
    """A hash that is equal for equal values, hashable or not.

    Args:
        value: The value.
        of_object: The hash of values that are neither constants nor containers.
    """
    kind = type(value)
    if kind in CONSTANTS:
        return hash((kind, value if value == value else "nan"))
    if kind is list or kind is tuple:
        return hash((kind, *(fingerprint(item, of_object) for item in value)))
    if kind is dict:
        return hash((kind, *(fingerprint(item, of_object) for item in parts(value))))
    if kind is set or kind is frozenset:
        return hash((kind, len(value)))
    return of_object(value)


def strict_fingerprint(value: Any) -> int:
    """A hash that is equal for interchangeable values."""
    return fingerprint(value, _hash_of_object)


def _hash_of_object(value: Any) -> int:
    if isinstance(value, np.ndarray):
        first = "" if value.dtype.hasobject else value.flat[:_SAMPLE].tobytes()
        return hash((value.dtype, value.shape, first))
    if isinstance(value, np.generic | np.dtype) or is_dataclass(type(value)) or has_parts(value):
        return hash(type(value))
    return id(value)
