"""Layers that change shapes only."""

import math

import jax

from jax_metrics.nn._checked_layer import CheckedLayer


class Flatten(CheckedLayer):
    """Joins all axes but the first: `[batch, ...]` to `[batch, features]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.Flatten()(jnp.ones((5, 8, 8, 3))).shape
        (5, 192)
    """

    def __call__(self, x: jax.Array) -> jax.Array:
        """Reshapes.

        Args:
            x: Shape `[batch, ...]`.
        """
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))  # -1 fails on no examples
