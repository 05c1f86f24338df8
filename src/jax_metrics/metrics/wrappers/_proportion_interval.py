"""Confidence intervals of a proportion, from the number of successes and of trials."""

import functools
import statistics
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln

from jax_metrics.metrics._in_float64 import in_float64

_STEPS, _CLOSE = 200, 1e-10  # maximum number of steps, and the relative change at which they end
_TERMS, _EXACT = 20_000, 1e-14  # of the fraction: a few thousand terms for a million trials


def wilson_interval(successes: Any, trials: Any, level: float) -> tuple[jax.Array, jax.Array]:
    """Wilson's score interval, within [0, 1] even at the ends; NaN without trials.

    Args:
        successes: Counts, of any shape.
        trials: Counts of the same shape.
        level: The confidence level.

    Source: Wilson: Probable Inference, the Law of Succession, and Statistical Inference (1927).
    """
    k, n = _floats(successes, trials)
    z = statistics.NormalDist().inv_cdf((1 - level) / 2)  # float32 has no digits left near 1
    p, share = k / n, z**2 / n
    center = (p + share / 2) / (1 + share)
    margin = jnp.sqrt(p * (1 - p) * share + share**2 / 4) / (1 + share)
    return _ends(k, n, center - margin, center + margin)


def exact_interval(successes: Any, trials: Any, level: float) -> tuple[jax.Array, jax.Array]:
    """The interval of Clopper and Pearson, whose coverage is at least `level`; NaN without trials.

    Computed in float64, even where x64 is not enabled: in float32 the distribution is off by 0.5 %
    at 10,000 trials.

    Args:
        successes: Counts, of any shape.
        trials: Counts of the same shape.
        level: The confidence level.

    Source: Clopper and Pearson: The Use of Confidence or Fiducial Limits (1934).
    """
    k, n = _floats(successes, trials)
    tail = (1 - level) / 2
    # Where an end is 0 or 1, a parameter of the distribution would be 0.
    low, high = (in_float64(functools.partial(_beta_quantile, share)) for share in (tail, 1 - tail))
    low = low(jnp.maximum(k, 0.5), n - k + 1)
    high = high(k + 1, jnp.maximum(n - k, 0.5))
    return _ends(k, n, low, high)


def _floats(successes: Any, trials: Any) -> tuple[jax.Array, jax.Array]:
    k, n = jnp.broadcast_arrays(successes, trials)
    dtype = jnp.promote_types(jnp.result_type(k, n), jnp.float32)
    return k.astype(dtype), n.astype(dtype)


def _ends(
    k: jax.Array, n: jax.Array, low: jax.Array, high: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Exact values where there are only failures or only successes."""
    low, high = jnp.where(k <= 0, 0, low), jnp.where(k >= n, 1, high)
    return jnp.where(n > 0, low, jnp.nan), jnp.where(n > 0, high, jnp.nan)


def _beta_quantile(probability: float, a: jax.Array, b: jax.Array) -> jax.Array:
    """Where the cumulative distribution reaches the probability; arrays of float64.

    Newton's method, with bisection where a step leaves the interval that contains the solution.
    """

    def goes_on(state: Any) -> jax.Array:
        step, *_, change = state
        return (step < _STEPS) & (change > _CLOSE).any()

    def improve(state: Any) -> Any:
        step, low, high, x, _ = state
        cumulative, density = _beta_distribution(x, a, b)
        is_below = cumulative < probability
        low, high = jnp.where(is_below, x, low), jnp.where(is_below, high, x)
        new = x - (cumulative - probability) / density
        new = jnp.where((new > low) & (new < high), new, (low + high) / 2)
        return step + 1, low, high, new, abs(new - x) / new

    mean = a / (a + b)
    start = jnp.zeros((), jnp.int32), 0 * mean, 0 * mean + 1, mean, 0 * mean + 1
    return jax.lax.while_loop(goes_on, improve, start)[3]


def _beta_distribution(x: jax.Array, a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The cumulative distribution and the density, by a continued fraction.

    `jax.scipy.special.betainc` is compiled in float32 where x64 is not enabled.

    Source: Press et al.: Numerical Recipes, section 6.4 (2007).
    """
    logarithm = a * jnp.log(x) + b * jnp.log1p(-x) - (gammaln(a) + gammaln(b) - gammaln(a + b))
    factor = jnp.exp(logarithm)
    # It converges fast on one side of the mean; the other side is the mirror image.
    is_left = x * (a + b + 2) < a + 1
    left, right = jnp.where(is_left, a, b), jnp.where(is_left, b, a)
    part = factor * _fraction(jnp.where(is_left, x, 1 - x), left, right) / left
    return jnp.where(is_left, part, 1 - part), factor / (x * (1 - x))


def _fraction(x: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """The continued fraction of the incomplete beta function, after Lentz."""

    def goes_on(state: Any) -> jax.Array:
        m, _, _, _, ratio = state
        return (m < _TERMS) & (abs(ratio - 1) > _EXACT).any()

    def term(state: Any) -> Any:
        m, above, below, value, _ = state
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        ratio = jnp.ones_like(x)
        for numerator in (even, odd):
            below = 1 / (1 + numerator * below)
            above = 1 + numerator / above
            ratio = ratio * above * below
        return m + 1, above, below, value * ratio, ratio

    below = 1 / (1 - (a + b) * x / (a + 1))
    start = jnp.ones((), x.dtype), jnp.ones_like(x), below, below, 0 * x
    return jax.lax.while_loop(goes_on, term, start)[3]
