"""Negative log-likelihood of counts under a Poisson distribution."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from jax_metrics.arguments import log_of, pair
from jax_metrics.losses._loss import Loss


def poisson(target: Any, preds: Any, *, log_rate: bool = True, full: bool = False) -> jax.Array:
    """The negative log-likelihood of each count: `rate - target * log(rate)`.

    Args:
        target: The counts, `[...]`.
        preds: The logarithms of the rates, of the same shape.
        log_rate: Whether `preds` are logarithms; otherwise they are the rates themselves, and a
            rate of 0 costs infinity unless the count is 0.
        full: Whether to add `log(target!)`, which does not depend on the rate.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.poisson(jnp.array([0, 2]), jnp.array([1.0, 1.0]), log_rate=False)
        Array([1., 1.], dtype=float32)
    """
    target, preds = pair(target, preds)
    if log_rate:
        loss = jnp.exp(preds) - target * preds
    else:
        loss = preds - target * log_of(target, preds)
    return loss + gammaln(target + 1) if full else loss


class Poisson(Loss):
    """The loss of `poisson`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.Poisson(log_rate=False)
        >>> loss(target=jnp.array([0, 3]), preds=jnp.array([1.0, 1.0]))
        Array(1., dtype=float32)
    """

    log_rate: bool = True
    full: bool = False

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `poisson`."""
        return poisson(target, preds, log_rate=self.log_rate, full=self.full)
