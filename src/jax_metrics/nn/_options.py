"""Checks of the options of layers, by their annotations and names.

They find a size that was given in the place of a flag or an epsilon, as in libraries whose layers
take the size of their inputs: `Linear(3, 4)`, `LayerNorm(16)`.
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.nn import initializers
from jax_metrics.nn._rate import check_rate

SIZES_ARE_INFERRED = " The size of the inputs is not given: `init` infers it."
_RATES = frozenset({"rate", "dropout_rate"})
_PROBABILITIES = frozenset({"momentum"})
_DTYPES = frozenset({"dtype", "param_dtype", "carry_dtype"})
# Ends of the names of integers that must be positive; others, such as an axis, may be negative.
_POSITIVE = (
    *("features", "size", "heads", "layers", "groups", "embeddings", "head_dim", "group_count"),
    *("strides", "dilation", "window_shape", "factor", "multiplier", "rank", "unroll", "n_steps"),
)


def check_option(
    owner: str, name: str, value: Any, annotation: Any, *, sequences: bool = True
) -> None:
    """Raises unless a value fits the annotation and the name of an option.

    Args:
        owner: The name of the layer.
        name: The name of the option.
        value: Its value.
        annotation: Its annotation. Those of flags, numbers, strings, sequences and functions are
            checked; with others every value passes.
        sequences: Whether to check options that may be sequences; strings are refused anyway.

    Raises:
        TypeError: If it is of another type, such as an integer for a flag.
        ValueError: If it is a number out of range, or an unknown dtype.
    """
    if isinstance(value, jax.Array):  # the arguments of all layers refuse it
        return
    parts = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    if value is None and type(None) in parts:
        return
    may_be_sequence = any(typing.get_origin(part) is Sequence for part in parts)
    if may_be_sequence and not sequences and not isinstance(value, str):
        return
    if name in _DTYPES and value is not None:
        _check_dtype(owner, name, value)
    fits = [_FITS.get(typing.get_origin(part) or part) for part in parts if part is not type(None)]
    if None in fits or any(fit is not None and fit(value) for fit in fits):
        _check_range(owner, name, value, parts)
        return
    expected = " or ".join(_WORDS[typing.get_origin(p) or p] for p in parts if p is not type(None))
    raise TypeError(f"{owner} expects {expected} for `{name}`; got {value!r}.{_function(value)}")


def check_sizes(owner: str, **sizes: Any) -> None:
    """Raises unless all of these are positive integers, or None.

    Raises:
        TypeError: If one is of another type.
        ValueError: If one is below 1.
    """
    for name, value in sizes.items():
        check_option(owner, name, value, int | None)
        if value is not None and value < 1:
            raise ValueError(f"{owner} expects a positive integer for `{name}`; got {value}.")


def _check_range(owner: str, name: str, value: Any, parts: Sequence[Any]) -> None:
    if name in _RATES:
        check_rate(value, name)
    elif name in _PROBABILITIES and not 0 <= value <= 1:
        raise ValueError(f"{owner} expects a number from 0 to 1 for `{name}`; got {value}.")
    elif name == "epsilon" and not 0 <= value < 1:
        raise ValueError(
            f"{owner} expects a small number for `epsilon`, such as 1e-6; got {value}."
            f"{SIZES_ARE_INFERRED}"
        )
    elif name.endswith(_POSITIVE):
        numbers = value if _is_sequence(value) else (value,)
        if any(_is_integer(number) and number < 1 for number in numbers):
            expected = "positive integers" if _is_sequence(value) else "a positive integer"
            raise ValueError(f"{owner} expects {expected} for `{name}`; got {value}.")


def _check_dtype(owner: str, name: str, value: Any) -> None:
    try:
        jnp.dtype(value)
    except TypeError as error:
        raise TypeError(
            f"{owner} expects a dtype for `{name}`, such as `jnp.float32`; got {value!r}."
        ) from error


def _function(value: Any) -> str:
    """What to write for the name of an activation function."""
    if isinstance(value, str) and callable(getattr(jax.nn, value, None)):
        return f" Write `jax.nn.{value}`, without quotes."
    return ""


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


_FITS: Mapping[Any, Callable[[Any], bool]] = {
    bool: lambda value: isinstance(value, bool | np.bool_),
    int: _is_integer,
    float: _is_number,
    str: lambda value: isinstance(value, str),
    Sequence: _is_sequence,
    Callable: callable,
    initializers.InitializerLike: callable,
}
_WORDS = {
    bool: "True or False",
    int: "an integer",
    float: "a number",
    str: "a string",
    Sequence: "a sequence",
    Callable: "a function",
    initializers.InitializerLike: "an initializer, such as `jm.initializers.zeros`,",
}
