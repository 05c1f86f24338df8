"""Values that rounding took beyond their bounds."""

import jax
import jax.numpy as jnp


def bounded(value: jax.Array, low: float, high: float = jnp.inf) -> jax.Array:
    """The value, cut at its bounds, beyond which only rounding takes it; the gradient remains.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from jax_metrics.arguments import bounded
        >>> value, slope = jax.value_and_grad(bounded)(jnp.array(-1e-7), 0.0)
        >>> float(value), float(slope)
        (0.0, 1.0)
    """
    below, above = jnp.where(value < low, value - low, 0), jnp.where(value > high, value - high, 0)
    return value - jax.lax.stop_gradient(below + above)
