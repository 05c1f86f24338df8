"""Negative log-likelihood of counts under a Poisson distribution."""

import math
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
    rate, log = (jnp.exp(preds), preds) if log_rate else (preds, safe_log(target, preds))
    loss = rate - _multiply(target, log)
    if not full:
        return loss
    large = target > 10
    of_large = _full_loss(jnp.where(large, target, 11), rate, log)
    return jnp.where(large, of_large, loss + _log_factorial(target))


def _multiply(target: jax.Array, log: jax.Array) -> jax.Array:
    """`target * log`, and 0 where the target is 0, even for an infinite logarithm."""
    return target * jnp.where((target == 0) & jnp.isinf(log), 0, log)


def _log_factorial(count: jax.Array) -> jax.Array:
    # `gammaln` is off by 5e-7 at 1 and 2, where the loss of a sure prediction is 0.
    return jnp.where((count == 0) | (count == 1), 0, gammaln(count + 1))


def _full_loss(count: jax.Array, rate: jax.Array, log_rate: jax.Array) -> jax.Array:
    """The loss of counts above 10, as the sum of two terms of at least 0, which do not cancel.

    The first is `rate - count + count * log(count / rate)`, by a power series where both are close;
    the second is Stirling's formula. Source: Loader, Fast and Accurate Computation of Binomial
    Probabilities, 2000.
    """
    close = abs(count - rate) < 0.3 * (count + rate)
    near = jnp.where(close, rate, count)
    v = (count - near) / (count + near)
    series = jnp.zeros_like(v)
    for k in range(12, 0, -1):  # 12 terms are exact in float64 up to v = 0.3
        series = v**2 * (1 / (2 * k + 1) + series)
    deviance = (count - near) * v + 2 * count * v * series
    deviance = jnp.where(close, deviance, rate - count - count * (log_rate - jnp.log(count)))
    inverse = 1 / count
    square = inverse**2
    correction = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    return deviance + 0.5 * jnp.log(2 * math.pi * count) + correction


class Poisson(from_function(poisson), init=False):
    """Reduces `poisson` over a batch, with the options of the function."""
