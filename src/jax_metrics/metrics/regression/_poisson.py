"""Poisson loss as a metric, of predicted rates."""

from typing import Any, Unpack

import jax

from jax_metrics import losses
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError, MeanErrorOptions


class Poisson(MeanError):
    """The mean of `preds - target * log(preds)`: the negative log-likelihood of counts.

    It leaves out `log(target!)`, which does not depend on the rate, so its smallest value is not 0,
    unlike that of `TweedieDevianceScore(power=1)`. It is infinite if a rate is 0 where the count is
    not. NaN before the first update.

    Args:
        log_rate: Whether `preds` are logarithms of rates, the default of the loss of the same name.
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 2]), jnp.array([3.0, 1.0])
        >>> float(jm.metrics.Poisson()(target=target, preds=preds))
        2.0
        >>> float(jm.metrics.poisson(target, jnp.zeros(2), log_rate=True))
        1.0
    """

    bounds = (None, None)

    def __init__(self, *, log_rate: bool = False, **options: Unpack[MeanErrorOptions]):
        super().__init__(**options)
        self.log_rate = log_rate

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The losses."""
        return losses.poisson(target, preds, log_rate=self.log_rate)

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """NaN where a count or a rate is negative."""
        negative = target < 0 if self.log_rate else (target < 0) | (preds < 0)
        return check(
            ~negative | (weight == 0),
            "target must be 0 or more, and preds, which are rates, too. If they are logarithms of "
            "rates, give `log_rate=True`.",
        )


poisson = functional(Poisson)
