"""Keeping NaN and infinity in padding away from outputs, statistics and gradients.

A mask selects after the arithmetic, and `0 * nan` is NaN, in the gradients too. So non-finite
values are replaced before; finite ones stay, with the same results as in Flax.
"""

from typing import Any

import jax
import jax.numpy as jnp


def without_padding(x: jax.Array, valid: Any) -> jax.Array:
    """The array, with zeros for non-finite values in the padding.

    Args:
        x: Any array.
        valid: False at padding, in a shape that broadcasts to that of `x`.
    """
    if not jnp.issubdtype(jnp.result_type(x), jnp.inexact):
        return x
    return jnp.where(jnp.asarray(valid, bool) | jnp.isfinite(x), x, 0)
