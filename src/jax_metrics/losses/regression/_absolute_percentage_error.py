"""Absolute error in percent of the target."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, pair, positive, subtract
from jax_metrics.losses.base import from_function


@explains_arguments
def absolute_percentage_error(target: Any, preds: Any, *, epsilon: float = 1e-7) -> jax.Array:
    """The error of each element in percent: `100 * |target - preds| / max(|target|, epsilon)`.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.
        epsilon: The lower bound of the denominator.

    Raises:
        ValueError: If `epsilon` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.absolute_percentage_error(jnp.array([1, 2]), jnp.array([1.5, 4.0]))
        Array([ 50., 100.], dtype=float32)
    """
    positive(epsilon=epsilon)
    error, (size, _) = jnp.abs(subtract(target, preds)), pair(target, preds)
    return 100 * error / jnp.maximum(jnp.abs(size), epsilon)


@explains_arguments
def mean_absolute_percentage_error(
    target: Any, preds: Any, *, epsilon: float = 1e-7, axis: int = -1
) -> jax.Array:
    """The mean of `absolute_percentage_error` over one axis.

    Args:
        target: True values, `[..., n]`.
        preds: Predictions of the same shape.
        epsilon: The lower bound of the denominator.
        axis: The axis to average over.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.mean_absolute_percentage_error(jnp.ones((1, 2)), jnp.array([[1.5, 2.0]]))
        Array([75.], dtype=float32)
    """
    return jnp.mean(absolute_percentage_error(target, preds, epsilon=epsilon), axis=axis)


class MeanAbsolutePercentageError(from_function(absolute_percentage_error), init=False):
    """Reduces `absolute_percentage_error` over a batch, with the options of the function."""
