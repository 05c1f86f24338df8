"""Differences of scores, including infinite ones."""

import jax
import jax.numpy as jnp


def difference(a: jax.Array, b: jax.Array) -> jax.Array:
    """`a - b`, and 0 for equal infinities."""
    equal = (a == b) & jnp.isinf(a)
    return jnp.where(equal, 0, a) - jnp.where(equal, 0, b)
