"""Lists of numbers as arguments: a compiled update takes them as arrays."""

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LISTS = frozenset((list, tuple, dict))  # the types of arguments that may hold lists


def with_arrays(argument: Any) -> Any:
    """An argument with an array in place of each list of numbers; other values stay as they are.

    A compiled program would take each number of a list as an argument of its own, and the update
    would see a list without a shape. Lists may be nested; those of arrays, and empty ones, may mean
    something else and stay.
    """
    kind = type(argument)
    if kind not in LISTS:
        return argument
    if kind is dict:
        return {name: with_arrays(value) for name, value in argument.items()}
    numbers = list(_numbers(argument))
    if not numbers or not all(map(_is_number, numbers)):
        return kind(map(with_arrays, argument))
    library: Any = jnp if any(isinstance(one, jax.Array) for one in numbers) else np
    try:
        array = library.asarray(argument)
    except ValueError:  # lists of different lengths
        return argument
    return argument if array.dtype == object else array


def holds_list(arguments: Iterable[Any]) -> bool:
    """Whether an argument is a list, or a dict that holds one."""
    return any(
        holds_list(x.values()) if isinstance(x, dict) else isinstance(x, list | tuple)
        for x in arguments
    )


def _numbers(values: Any) -> Iterator[Any]:
    """The values of nested lists and tuples."""
    for value in values:
        if type(value) in (list, tuple):
            yield from _numbers(value)
        else:
            yield value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex) or getattr(value, "ndim", None) == 0
