"""Absolute error."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, subtract
from jax_metrics.losses.base import from_function


@explains_arguments
def absolute_error(target: Any, preds: Any) -> jax.Array:
    """The absolute error of each element: `|target - preds|`. Its gradient at 0 is 0.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.absolute_error(jnp.array([1, 2]), jnp.array([1.5, 4.0]))
        Array([0.5, 2. ], dtype=float32)
    """
    return jnp.abs(subtract(target, preds))


@explains_arguments
def mean_absolute_error(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """The mean of `absolute_error` over one axis.

    Args:
        target: True values, `[..., n]`.
        preds: Predictions of the same shape.
        axis: The axis to average over.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.mean_absolute_error(jnp.zeros((2, 2)), jnp.array([[1.0, 3.0], [0.0, -2.0]]))
        Array([2., 1.], dtype=float32)
    """
    return jnp.mean(absolute_error(target, preds), axis=axis)


class MeanAbsoluteError(from_function(absolute_error), init=False):
    """Reduces `absolute_error` over a batch."""
