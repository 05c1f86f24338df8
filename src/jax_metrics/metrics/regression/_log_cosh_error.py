"""Mean logarithm of the hyperbolic cosine of the error."""

from typing import Any

import jax

from jax_metrics.losses import log_cosh
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError


class LogCoshError(MeanError):
    """The mean of `log(cosh(preds - target))`; NaN before the first update.

    Args:
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.zeros(2), jnp.array([0.0, 2.0])
        >>> print(f"{jm.metrics.LogCoshError()(target=target, preds=preds):.4f}")
        0.6625
        >>> print(f"{jm.metrics.log_cosh_error(target, preds):.4f}")
        0.6625
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The errors."""
        return log_cosh(target, preds)


log_cosh_error = functional(LogCoshError)
