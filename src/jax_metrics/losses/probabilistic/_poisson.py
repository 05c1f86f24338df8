"""Negative log-likelihood of counts under a Poisson distribution."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from jax_metrics.arguments import explains_arguments, pair, safe_log
from jax_metrics.losses.base import from_function


@explains_arguments
def poisson(target: Any, preds: Any, *, log_rate: bool = True, full: bool = False) -> jax.Array:
    """The negative log-likelihood of each count: `rate - target * log(rate)`.

    Args:
        target: The counts, `[...]`.
        preds: The logarithms of the rates, of the same shape.
        log_rate: Whether `preds` are logarithms; otherwise they are rates, and the loss of a rate
            of 0 is infinite unless the count is 0.
        full: Whether to add `log(target!)`, which does not depend on the rate.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.poisson(jnp.array([0, 2]), jnp.array([1.0, 1.0]), log_rate=False)
        Array([1., 1.], dtype=float32)
    """
    target, preds = pair(target, preds)
    if log_rate:
        loss = jnp.exp(preds) - _multiply(target, preds)
    else:
        loss = preds - _multiply(target, safe_log(target, preds))
    return loss + _log_factorial(target) if full else loss


def _multiply(target: jax.Array, log: jax.Array) -> jax.Array:
    """`target * log`, and 0 where the target is 0, even for an infinite logarithm."""
    return target * jnp.where((target == 0) & jnp.isinf(log), 0, log)


def _log_factorial(count: jax.Array) -> jax.Array:
    # `gammaln` is off by 5e-7 at 1 and 2, where the loss of a sure prediction is 0.
    return jnp.where((count == 0) | (count == 1), 0, gammaln(count + 1))


class Poisson(from_function(poisson), init=False):
    """Reduces `poisson` over a batch, with the options of the function."""
