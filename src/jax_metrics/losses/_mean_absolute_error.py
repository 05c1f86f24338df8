"""Absolute error."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.losses._loss import Loss


def absolute_error(target: Any, preds: Any) -> jax.Array:
    """The absolute error of each element: `|target - preds|`. Its gradient at 0 is 0.

    Args:
        target: What is right, `[...]`.
        preds: What was predicted, of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.absolute_error(jnp.array([1, 2]), jnp.array([1.5, 4.0]))
        Array([0.5, 2. ], dtype=float32)
    """
    target, preds = pair(target, preds)
    return jnp.abs(target - preds)


def mean_absolute_error(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """The mean of `absolute_error` over one axis.

    Args:
        target: What is right, `[..., n]`.
        preds: What was predicted, of the same shape.
        axis: The axis that goes away.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.mean_absolute_error(jnp.zeros((2, 2)), jnp.array([[1.0, 3.0], [0.0, -2.0]]))
        Array([2., 1.], dtype=float32)
    """
    return jnp.mean(absolute_error(target, preds), axis=axis)


class MeanAbsoluteError(Loss):
    """The loss of `absolute_error`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.MeanAbsoluteError()(target=jnp.array([1, 2]), preds=jnp.array([1.5, 4.0]))
        Array(1.25, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `absolute_error`."""
        return absolute_error(target, preds)
