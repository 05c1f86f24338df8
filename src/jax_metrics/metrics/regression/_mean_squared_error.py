"""Mean squared error and its root."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.losses import squared_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError


class MeanSquaredError(MeanError):
    """The mean of `(target - preds)**2`; NaN before the first update.

    Args:
        **options: `num_outputs`, as in `MeanError`: each output has its own mean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mse = jm.metrics.MeanSquaredError()
        >>> mse = mse.update(target=jnp.array([1.0, 2.0]), preds=jnp.array([1.5, 4.0]))
        >>> float(mse.compute())
        2.125
        >>> float(jm.metrics.mean_squared_error(jnp.array([1.0, 2.0]), jnp.array([1.5, 4.0])))
        2.125
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The squared errors."""
        return squared_error(target, preds)


class RootMeanSquaredError(MeanSquaredError):
    """The square root of `MeanSquaredError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> rmse = jm.metrics.RootMeanSquaredError()
        >>> float(rmse(target=jnp.array([1.0, 2.0]), preds=jnp.array([4.0, 6.0])))
        3.535533905029297
    """

    def compute(self) -> jax.Array:
        """The root of the mean."""
        return jnp.sqrt(super().compute())


mean_squared_error = functional(MeanSquaredError)
root_mean_squared_error = functional(RootMeanSquaredError)
