"""Tweedie deviance, which includes the Poisson and the gamma deviance."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import multiply_log, pair, subtract
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.regression._mean_error import MeanError, MeanErrorOptions

_TERMS = 10


class TweedieDevianceScore(MeanError):
    """The mean deviance of a Tweedie distribution whose variance is `preds**power`.

    `2 * integral((target - u) / u**power)` with `u` from `preds` to `target`: 0 where both are
    equal, greater than 0 elsewhere. NaN before the first update.

    Source: Jorgensen, The Theory of Dispersion Models, 1997.

    Args:
        power: 0 is the squared error (normal distribution), 1 Poisson, 2 gamma, 3 inverse Gaussian;
            between 1 and 2 it is compound Poisson, and negative powers are extreme stable
            distributions. From a power of 1 on, targets must not be negative, from 2 on they must
            be positive; with any power but 0, predictions must be positive.
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Raises:
        ValueError: If `power` lies between 0 and 1, where there is no such distribution.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.0, 2.0]), jnp.array([1.0, 2.0])
        >>> float(jm.metrics.TweedieDevianceScore(power=1)(target=target, preds=preds))
        1.0
        >>> float(jm.metrics.tweedie_deviance_score(target, preds, power=0))
        0.5
    """

    def __init__(self, *, power: float = 0.0, **options: Unpack[MeanErrorOptions]):
        super().__init__(**options)
        self.power = check_power(power)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The deviances."""
        return tweedie_deviance(target, preds, self.power)

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """NaN if a target or prediction is outside the support of the distribution."""
        return deviance_fault(target, preds, weight, self.power)


def check_power(power: float) -> float:
    """The power, checked to have a distribution.

    Raises:
        ValueError: If it has none.
    """
    if 0 < power < 1:
        raise ValueError(
            f"power={power} has no distribution: power must be 0 or less, or 1 or more."
        )
    return power


def deviance_fault(
    target: jax.Array, preds: jax.Array, weight: jax.Array, power: float
) -> jax.Array:
    """0, or NaN if a number of nonzero weight is outside the support; see `check`."""
    fault = jnp.zeros(())
    if power != 0:
        fault += check(
            ~(preds <= 0) | (weight == 0),
            f"preds must be greater than 0 with power={power}. Predict the logarithm and take "
            "`jnp.exp` of it, or use power=0.",
        )
    if power >= 1:
        invalid = target < 0 if power < 2 else target <= 0
        bound = "0 or more" if power < 2 else "greater than 0"
        fault += check(~invalid | (weight == 0), f"target must be {bound} with power={power}.")
    return fault


def tweedie_deviance(target: Any, preds: Any, power: float) -> jax.Array:
    """The deviance of each element; see `TweedieDevianceScore`."""
    difference = subtract(target, preds)
    if power == 0:
        return difference**2
    target, preds = pair(target, preds)
    # With s = log(target / preds) and a = 2 - power, half of the deviance is preds**a times
    # (expm1(a * s) / a - expm1(s)) / (a - 1). Near s = 0 all digits cancel, so there it is
    # the series sum(s**k / k! * (1 + a + ... + a**(k - 2))) from k = 2 on.
    a = 2 - power
    error, ratio = difference / preds, jnp.maximum(target / preds, 0)
    small = jnp.abs(error) < 0.5  # elsewhere log1p(-1 + tiny) would lose digits
    log = jnp.where(small, jnp.log1p(jnp.where(small, error, 0)), jnp.log(ratio))
    near = jnp.abs(log) * max(1, abs(a)) < 0.5
    half = jnp.where(near, _series(jnp.where(near, log, 0), a), _closed(log, error, ratio, a))
    if not -0.5 <= a <= 2:
        # With a positive power the larger number has the largest term, with a negative power the
        # smaller; the other terms are relative to it. Powers of the other number may overflow or
        # vanish.
        dominates = ratio > 2 if a > 2 else (ratio < 0.5) & (ratio > 0)
        base = jnp.where(dominates, target, preds)
        inverse = jnp.where(dominates, preds / base, 1)
        terms = 1 / (a * (a - 1)) - inverse ** (a - 1) / (a - 1) + inverse**a / a
        return 2 * base**a * jnp.where(dominates, terms, half)
    return 2 * preds**a * half


def _series(log: jax.Array, a: float) -> jax.Array:
    total, term, powers = jnp.zeros_like(log), log, 0.0
    for k in range(2, _TERMS + 1):
        term = term * log / k
        powers = 1 + a * powers
        total = total + term * powers
    return total


def _closed(log: jax.Array, error: jax.Array, ratio: jax.Array, a: float) -> jax.Array:
    if a == 1:
        return multiply_log(ratio, log) - error
    if a == 0:
        return error - log
    if abs(a - 1) < 0.5:  # the difference of both terms, without those that cancel near a = 1
        change = jnp.where(
            ratio == 0, 0, ratio * jnp.expm1((a - 1) * jnp.where(ratio == 0, 0, log))
        )
        return (change / (a - 1) - error) / a
    return (jnp.expm1(a * log) / a - error) / (a - 1)


tweedie_deviance_score = functional(TweedieDevianceScore)
