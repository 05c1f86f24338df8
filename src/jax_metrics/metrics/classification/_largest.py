"""Which class has the largest score."""

from typing import Any

import jax
import jax.numpy as jnp


def largest(scores: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Which of the last axis is the largest, the first of equals; and that score.

    It does what `argmax` does, which keeps the score to itself. The score is NaN if one of them is,
    and then it is the largest.

    Args:
        scores: Floats, `[..., classes]`.
    """
    last = scores.ndim - 1
    numbers = jax.lax.broadcasted_iota(jnp.int32, scores.shape, last)
    nothing = (jnp.array(-jnp.inf, scores.dtype), jnp.iinfo(jnp.int32).max)
    # `reduce` has no gradient, and which one is the largest has none either.
    operands = (jax.lax.stop_gradient(scores), numbers)
    score, place = jax.lax.reduce(operands, nothing, _larger, (last,))
    return place, score


def _larger(one: Any, other: Any) -> Any:
    (x, i), (y, j) = one, other
    first = (x > y) | jnp.isnan(x) | ((x == y) & (i < j))
    return jnp.where(first, x, y), jnp.where(first, i, j)
