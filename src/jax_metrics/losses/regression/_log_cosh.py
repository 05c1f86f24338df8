"""Logarithm of the hyperbolic cosine."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, subtract
from jax_metrics.losses.base import from_function


@explains_arguments
def log_cosh(target: Any, preds: Any) -> jax.Array:
    """`log(cosh(e))` of each error `e`: about `e**2 / 2` near 0, `|e| - log(2)` far from it.

    Source: Chen et al., Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder, 2019.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> losses = jm.losses.log_cosh(jnp.zeros(2), jnp.array([1e-3, 100.0]))
        >>> [f"{loss:.4g}" for loss in losses]
        ['5e-07', '99.31']
    """
    error = subtract(target, preds)
    # Subtracting log(2) at the end, as optax does, cancels digits: 5.36e-7 for 5e-7 in float32.
    near = jnp.abs(error) < 1
    small = jnp.where(near, error, 0)
    large = jnp.abs(jnp.where(near, 1, error))
    return jnp.where(
        near,
        jnp.log1p(2 * jnp.sinh(small / 2) ** 2),
        large + jnp.log1p(jnp.exp(-2 * large)) - jnp.log(2.0),
    )


class LogCosh(from_function(log_cosh), init=False):
    """Reduces `log_cosh` over a batch."""
