"""Squared error of logarithms."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, pair
from jax_metrics.losses.base import from_function


@explains_arguments
def squared_logarithmic_error(target: Any, preds: Any) -> jax.Array:
    """The squared error of logarithms: `(log(1 + target) - log(1 + preds))**2`.

    Negative numbers count as 0.

    Args:
        target: True values, `[...]`, not negative.
        preds: Predictions of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.squared_logarithmic_error(jnp.array([0.0]), jnp.array([jnp.e - 1]))
        Array([1.], dtype=float32)
    """
    target, preds = pair(target, preds)
    # Not `maximum`, which halves the gradient at 0.
    target, preds = (jnp.where(x < 0, 0, x) for x in (target, preds))
    # log1p(target) - log1p(preds) would cancel digits where both are large.
    above, below = (target - preds) / (1 + preds), (preds - target) / (1 + target)
    return jnp.log1p(jnp.where(target > preds, above, below)) ** 2


@explains_arguments
def mean_squared_logarithmic_error(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """The mean of `squared_logarithmic_error` over one axis.

    Args:
        target: True values, `[..., n]`, not negative.
        preds: Predictions of the same shape.
        axis: The axis to average over.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.mean_squared_logarithmic_error(jnp.zeros((3, 2)), jnp.zeros((3, 2)))
        Array([0., 0., 0.], dtype=float32)
    """
    return jnp.mean(squared_logarithmic_error(target, preds), axis=axis)


class MeanSquaredLogarithmicError(from_function(squared_logarithmic_error), init=False):
    """Reduces `squared_logarithmic_error` over a batch."""
