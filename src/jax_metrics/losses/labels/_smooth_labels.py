"""Label smoothing."""

from typing import Any

import jax
import optax

from jax_metrics.arguments import as_float, between, explains_arguments


@explains_arguments
def smooth_labels(target: Any, smoothing: float, *, binary: bool = False) -> jax.Array:
    """Probabilities mixed with uniform ones: `(1 - smoothing) * target + smoothing / classes`.

    Source: Szegedy et al., Rethinking the Inception Architecture,
    https://arxiv.org/abs/1512.00567, 2015.

    Args:
        target: Probabilities, `[..., classes]`; any shape when `binary`.
        smoothing: From 0, no change, to 1, uniform.
        binary: Whether each element is the probability of the second of two classes.

    Raises:
        ValueError: If `smoothing` is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.smooth_labels(jnp.array([1.0, 0.0]), 0.2)
        Array([0.90000004, 0.1       ], dtype=float32)
    """
    between(0, 1, smoothing=smoothing)
    target = as_float("target", target)
    if binary:
        return (1 - smoothing) * target + smoothing / 2
    return optax.losses.smooth_labels(target, smoothing)
