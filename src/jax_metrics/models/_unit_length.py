"""Vectors of unit length, as embeddings are compared."""

import jax
import jax.numpy as jnp


def unit_length(vectors: jax.Array) -> jax.Array:
    """Vectors divided by their Euclidean length; zeros stay zeros, and have finite gradients.

    Args:
        vectors: Shape `[..., features]`.
    """
    wide = vectors.astype(jnp.promote_types(vectors.dtype, jnp.float32))
    squares = jnp.sum(jnp.square(wide), axis=-1, keepdims=True)
    # Chosen before the root, whose gradient at 0 is infinite.
    squares = jnp.where(squares == 0, 1, jnp.maximum(squares, 1e-24))
    return (wide / jnp.sqrt(squares)).astype(vectors.dtype)
