"""Mean pinball loss, of predicted quantiles."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import between
from jax_metrics.losses import quantile
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError, MeanErrorOptions


class MeanPinballLoss(MeanError):
    """The mean pinball loss, lowest when `preds` are the quantiles of level `alpha`.

    It is `alpha * e` where the error `e = target - preds` is positive and `(alpha - 1) * e` where
    it is not: with `alpha=0.5`, half of the absolute error. NaN before the first update.

    Source: Koenker and Bassett, Regression Quantiles, 1978.

    Args:
        alpha: The predicted quantile, from 0 to 1.
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.zeros(2), jnp.array([1.0, -1.0])
        >>> float(jm.metrics.MeanPinballLoss(alpha=0.75)(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.mean_pinball_loss(target, 4 * preds, alpha=0.75))
        2.0
    """

    def __init__(self, *, alpha: float = 0.5, **options: Unpack[MeanErrorOptions]):
        super().__init__(**options)
        between(0, 1, alpha=alpha)
        self.alpha = alpha

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The losses."""
        return quantile(target, preds, q=self.alpha)


mean_pinball_loss = functional(MeanPinballLoss)
