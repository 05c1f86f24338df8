"""Squared error."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import explains_arguments, subtract
from jax_metrics.losses.base import from_function


@explains_arguments
def squared_error(target: Any, preds: Any) -> jax.Array:
    """The squared error of each element: `(target - preds)**2`.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.squared_error(jnp.array([1, 2]), jnp.array([1.5, 4.0]))
        Array([0.25, 4.  ], dtype=float32)
    """
    return optax.losses.squared_error(subtract(target, preds))


@explains_arguments
def mean_squared_error(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """The mean of `squared_error` over one axis.

    Args:
        target: True values, `[..., n]`.
        preds: Predictions of the same shape.
        axis: The axis to average over.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.mean_squared_error(jnp.zeros((2, 2)), jnp.array([[1.0, 1.0], [0.0, 2.0]]))
        Array([1., 2.], dtype=float32)
    """
    return jnp.mean(squared_error(target, preds), axis=axis)


class MeanSquaredError(from_function(squared_error), init=False):
    """Reduces `squared_error` over a batch; `MeanSquaredError(weight=0.5)` is the L2 loss.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.MeanSquaredError()(target=jnp.array([1, 2]), preds=jnp.array([1.5, 4.0]))
        Array(2.125, dtype=float32)
    """
