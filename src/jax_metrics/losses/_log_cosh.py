"""Logarithm of the hyperbolic cosine."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.losses._loss import Loss


def log_cosh(target: Any, preds: Any) -> jax.Array:
    """`log(cosh(preds - target))` of each element: about `e**2 / 2`, then `|e| - log(2)`.

    Source: Chen et al., Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder, 2019.

    Args:
        target: What is right, `[...]`.
        preds: What was predicted, of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> losses = jm.losses.log_cosh(jnp.zeros(2), jnp.array([1e-3, 100.0]))
        >>> [f"{loss:.4g}" for loss in losses]
        ['5e-07', '99.31']
    """
    target, preds = pair(target, preds)
    error = preds - target
    # Taking log(2) off at the end, as optax does, cancels: 5.36e-7 for 5e-7 at 1e-3 in float32.
    near = jnp.abs(error) < 1
    small = jnp.where(near, error, 0)
    large = jnp.abs(jnp.where(near, 1, error))
    return jnp.where(
        near,
        jnp.log1p(2 * jnp.sinh(small / 2) ** 2),
        large + jnp.log1p(jnp.exp(-2 * large)) - jnp.log(2.0),
    )


class LogCosh(Loss):
    """The loss of `log_cosh`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> print(f"{jm.losses.LogCosh()(target=jnp.zeros(1), preds=jnp.array([2.0])):.4f}")
        1.3250
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `log_cosh`."""
        return log_cosh(target, preds)
