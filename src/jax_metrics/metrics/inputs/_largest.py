"""`largest`: argmax that also returns the maximum."""

from typing import Any

import jax
import jax.numpy as jnp


def largest(scores: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Index and value of the largest score along the last axis; the first one of equal scores.

    A NaN counts as larger than any number, as in `argmax`.

    Args:
        scores: Floats, `[..., classes]`.
    """
    last = scores.ndim - 1
    indices = jax.lax.broadcasted_iota(jnp.int32, scores.shape, last)
    initial = (jnp.array(-jnp.inf, scores.dtype), jnp.array(jnp.iinfo(jnp.int32).max, jnp.int32))
    # `reduce` has no gradient, and neither has the index of the largest score.
    operands = (jax.lax.stop_gradient(scores), indices)
    score, index = jax.lax.reduce(operands, initial, _larger, (last,))
    return index, score


def _larger(one: Any, other: Any) -> Any:
    (x, i), (y, j) = one, other
    first = (x > y) | jnp.isnan(x) | ((x == y) & (i < j))
    return jnp.where(first, x, y), jnp.where(first, i, j)
