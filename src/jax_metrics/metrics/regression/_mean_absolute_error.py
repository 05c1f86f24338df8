"""Mean absolute error."""

from typing import Any

import jax

from jax_metrics.losses import absolute_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError


class MeanAbsoluteError(MeanError):
    """The mean of `|target - preds|`; NaN before the first update.

    Args:
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mae = jm.metrics.MeanAbsoluteError()
        >>> mae = mae.update(target=jnp.array([1.0, 2.0]), preds=jnp.array([1.5, 4.0]))
        >>> float(mae.compute())
        1.25
        >>> float(jm.metrics.mean_absolute_error(jnp.array([1.0, 2.0]), jnp.array([1.5, 4.0])))
        1.25
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The absolute errors."""
        return absolute_error(target, preds)


mean_absolute_error = functional(MeanAbsoluteError)
