"""What losses and metrics ask of their arrays, and the precision they compute in."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer


def as_float(name: str, value: Any) -> jax.Array:
    """The array as float32, or float64 where it is that already.

    Sums over classes or features lose too much in 16 bits, and integers have no gradients.

    Raises:
        TypeError: If it is complex or holds no numbers.
    """
    array = jnp.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.floating) and array.dtype.kind not in "biu":
        raise TypeError(f"{name} must hold real numbers, but its dtype is {array.dtype}.")
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))


def same_shape(**arrays: jax.Array) -> None:
    """Checks that all arrays have one shape; nothing is broadcast.

    Raises:
        ValueError: If they have not.
    """
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    if all(shape == next(iter(shapes.values())) for shape in shapes.values()):
        return
    listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    longest = max(shapes, key=lambda name: len(shapes[name]))
    shortest = min(shapes, key=lambda name: len(shapes[name]))
    hint = "Nothing is broadcast; use `jnp.broadcast_to` where that is meant."
    if shapes[longest] == [*shapes[shortest], 1]:
        hint = f"Write `{longest}[..., 0]` to drop the last axis."
    raise ValueError(f"{' and '.join(shapes)} must have the same shape, but got {listed}. {hint}")


def pair(target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
    """Targets and predictions as numbers of the same shape.

    Raises:
        TypeError: If they hold no real numbers.
        ValueError: If their shapes differ.
    """
    target, preds = as_float("target", target), as_float("preds", preds)
    same_shape(target=target, preds=preds)
    return target, preds


def signs(target: jax.Array) -> jax.Array:
    """Binary labels as -1 and 1, from those or from 0 and 1.

    Each label speaks for itself: 0 is no label of the first kind, so nothing need be guessed from
    the rest of the batch.
    """
    return jnp.where(target > 0, 1, -1).astype(target.dtype)


def positive(**options: float) -> None:
    """Checks that options are greater than 0.

    Raises:
        ValueError: If one is not.
    """
    for name, value in options.items():
        if not isinstance(value, Tracer) and not value > 0:
            raise ValueError(f"{name} must be greater than 0, but is {value}.")


def between(low: float, high: float, **options: float) -> None:
    """Checks that options lie in a closed interval.

    Raises:
        ValueError: If one does not.
    """
    for name, value in options.items():
        if not isinstance(value, Tracer) and not low <= value <= high:
            raise ValueError(f"{name} must lie between {low} and {high}, but is {value}.")


def one_of(name: str, value: Any, options: tuple[Any, ...]) -> None:
    """Checks that an option has one of some values.

    Raises:
        ValueError: If it has not.
    """
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}.")


def times_log(factor: jax.Array, log: jax.Array) -> jax.Array:
    """`factor * log`, where 0 times minus infinity is 0 and has gradient 0."""
    return factor * jnp.where((factor == 0) & jnp.isneginf(log), 0, log)


def log_of(factor: jax.Array, value: jax.Array) -> jax.Array:
    """The logarithm of the value, to be multiplied with the factor: 0 where both are 0.

    `jax.scipy.special.xlogy` has the same values, but NaN as its gradient there.
    """
    return jnp.log(jnp.where((factor == 0) & (value == 0), 1, value))
