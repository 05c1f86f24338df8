"""Integers of any dtype, compared with numbers that the dtype may not hold."""

import jax
import jax.numpy as jnp
import numpy as np


def widened(values: jax.Array) -> jax.Array:
    """Integers of fewer than 32 bits as int32, all other arrays as they are.

    JAX wraps a number around to the dtype of the array that it is compared with: of uint8, none is
    less than 256, which becomes 0.
    """
    if jnp.issubdtype(values.dtype, jnp.integer) and jnp.iinfo(values.dtype).bits < 32:
        return values.astype(jnp.int32)
    return values


def equals(values: jax.Array, number: int) -> jax.Array:
    """Where values equal a number: nowhere if they are integers whose dtype does not hold it."""
    if jnp.issubdtype(values.dtype, jnp.integer):
        limits = jnp.iinfo(values.dtype)
        if not limits.min <= number <= limits.max:
            return jnp.zeros_like(values, bool)
        return values == np.asarray(number, values.dtype)
    return values == number
