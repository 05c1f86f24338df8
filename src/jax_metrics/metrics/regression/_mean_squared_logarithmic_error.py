"""Mean squared logarithmic error and its root."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair, subtract
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError


class MeanSquaredLogarithmicError(MeanError):
    """The mean of `(log(1 + target) - log(1 + preds))**2`; NaN before the first update.

    Numbers must be greater than -1; the loss of the same name treats negative ones as 0 instead.

    Args:
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.0, 1.0]), jnp.array([jnp.e - 1, 1.0])
        >>> float(jm.metrics.MeanSquaredLogarithmicError()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.mean_squared_logarithmic_error(target, preds))
        0.5
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The squared errors of the logarithms."""
        # log1p(target) - log1p(preds) would cancel digits where both are large.
        error = jnp.abs(subtract(target, preds))
        return jnp.log1p(error / (1 + jnp.minimum(*pair(target, preds)))) ** 2

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """NaN where a number is -1 or less."""
        return check(
            ~((target <= -1) | (preds <= -1)) | (weight == 0),
            "target and preds must be greater than -1, since the metric takes log(1 + x). Use "
            "`jnp.maximum(preds, 0)` if the predictions are of something not negative.",
        )


class RootMeanSquaredLogarithmicError(MeanSquaredLogarithmicError):
    """The square root of `MeanSquaredLogarithmicError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.0, 1.0]), jnp.array([jnp.e - 1, 1.0])
        >>> rmsle = jm.metrics.RootMeanSquaredLogarithmicError()
        >>> print(f"{rmsle(target=target, preds=preds):.4f}")
        0.7071
        >>> print(f"{jm.metrics.root_mean_squared_logarithmic_error(target, preds):.4f}")
        0.7071
    """

    def each(self) -> jax.Array:
        """The root of the mean of each output."""
        return jnp.sqrt(super().each())


mean_squared_logarithmic_error = functional(MeanSquaredLogarithmicError)
root_mean_squared_logarithmic_error = functional(RootMeanSquaredLogarithmicError)
