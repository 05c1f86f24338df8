"""Tests of the hypothesis that two variables are independent, from their rank correlations."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import betainc, erfc, gammaln

from jax_metrics.metrics.regression._ranks import Ranks

ALTERNATIVES = ("two-sided", "greater", "less")
METHODS = ("auto", "asymptotic", "exact")
MOST_EXACT = 2000  # examples: there are half as many squared numbers of discordant pairs
_FEW = 33  # examples whose p-value is exact by default


class RankCorrelation(NamedTuple):
    """A rank correlation and its p-value.

    Attributes:
        statistic: The correlation.
        p_value: The probability of a correlation at least as far from 0 for independent variables.
    """

    statistic: jax.Array
    p_value: jax.Array


def p_value_of_rho(rho: jax.Array, count: jax.Array, alternative: str) -> jax.Array:
    """The p-value of Spearman's rho, from Student's t distribution; NaN for fewer than 3 examples.

    Args:
        rho: The correlation.
        count: The number of examples.
        alternative: One of `ALTERNATIVES`.
    """
    freedom = jnp.where(count > 2, count - 2, jnp.nan)
    both_tails = betainc(freedom / 2, 0.5, (1 - rho) * (1 + rho))
    return _of_tails(both_tails, rho, alternative)


def p_value_of_tau(
    difference: jax.Array, a: Ranks, b: Ranks, count: jax.Array, alternative: str, method: str
) -> jax.Array:
    """The p-value of Kendall's tau.

    Args:
        difference: The number of concordant pairs minus the number of discordant pairs.
        a: The ranks of one variable.
        b: The ranks of the other variable.
        count: The number of examples.
        alternative: One of `ALTERNATIVES`.
        method: One of `METHODS`.
    """
    if method == "asymptotic":
        return _asymptotic(difference, a, b, count, alternative)
    untied = jnp.stack([ranks.weight for ranks in (a, b)])
    untied = ((untied == 0) | (untied == 1)).all()
    size = a.weight.size
    if method == "exact":
        return jnp.where(untied, _exact(difference, count, size, alternative), jnp.nan)
    exact = _exact(difference, count, min(size, _FEW), alternative)
    exact = jnp.where(count <= _FEW, exact, _nearly_ordered(difference, count, alternative))
    ordered = _discordant(difference, count).min() <= 1
    asymptotic = _asymptotic(difference, a, b, count, alternative)
    return jnp.where(untied & ((count <= _FEW) | ordered), exact, asymptotic)


def _discordant(difference: jax.Array, count: jax.Array) -> jax.Array:
    """How many pairs are discordant, and how many concordant, `[2]`."""
    pairs = count * (count - 1) / 2
    return jnp.round(jnp.stack([pairs - difference, pairs + difference]) / 2)


def _exact(difference: jax.Array, count: jax.Array, size: int, alternative: str) -> jax.Array:
    """The fraction of orders with at most as many discordant, or concordant, pairs."""
    cells = size * (size - 1) // 2 + 1
    discordant, concordant = _discordant(difference, count)

    def one_more(n: jax.Array, shares: jax.Array) -> jax.Array:
        # A further example is out of order with 0 to n of the n others.
        sums = jnp.cumsum(shares)
        before = jnp.where(place > n, sums[(place - n - 1).clip(0)], 0)
        return (sums - before) / (n + 1)

    place = jnp.arange(cells)
    one = jnp.where(place == 0, jnp.ones((), difference.dtype), 0) + 0 * difference
    number = jnp.minimum(count, size).astype(jnp.int32)
    shares = jax.lax.fori_loop(1, number, one_more, one)

    def up_to(pairs: jax.Array) -> jax.Array:
        # The distribution is symmetric, and sums of few small fractions are the most exact.
        below = jnp.where(place <= pairs, shares, 0).sum()
        above = jnp.where(place > pairs, shares, 0).sum()
        return jnp.where(below < 0.5, below, 1 - above)

    return _of_exact_tails(up_to(discordant), up_to(concordant), alternative, count)


def _nearly_ordered(difference: jax.Array, count: jax.Array, alternative: str) -> jax.Array:
    """The fraction of orders with at most one discordant, or concordant, pair: 1 or n of n!."""

    def up_to(pairs: jax.Array) -> jax.Array:
        share = jnp.exp(-gammaln(jnp.where(pairs == 0, count + 1, count)))
        return jnp.where(pairs <= 1, share, 1)

    discordant, concordant = _discordant(difference, count)
    return _of_exact_tails(up_to(discordant), up_to(concordant), alternative, count)


def _of_exact_tails(
    greater: jax.Array, less: jax.Array, alternative: str, count: jax.Array
) -> jax.Array:
    tails = {"greater": greater, "less": less}
    tails["two-sided"] = jnp.minimum(2 * jnp.minimum(greater, less), 1)
    return jnp.where(count >= 2, tails[alternative], jnp.nan)


def _asymptotic(
    difference: jax.Array, a: Ranks, b: Ranks, count: jax.Array, alternative: str
) -> jax.Array:
    """The p-value from the normal distribution, with the variance corrected for ties."""
    pairs, triples = [], []
    variance = count * (count - 1) * (2 * count + 5)
    for ranks in (a, b):
        tied = ranks.weight
        pairs.append((tied * (tied - 1)).sum())
        triples.append((tied * (tied - 1) * (tied - 2)).sum())
        variance -= (tied * (tied - 1) * (2 * tied + 5)).sum()
    of_pairs = pairs[0] * pairs[1] / (2 * count * (count - 1))
    of_triples = triples[0] * triples[1]
    divisor = jnp.where(of_triples == 0, 1, 9 * count * (count - 1) * (count - 2))
    deviation = jnp.sqrt(variance / 18 + of_pairs + of_triples / divisor)
    z = difference / jnp.where(deviation > 0, deviation, jnp.nan)
    return _of_tails(erfc(abs(z) / jnp.sqrt(2)), z, alternative)


def _of_tails(both: jax.Array, statistic: jax.Array, alternative: str) -> jax.Array:
    if alternative == "two-sided":
        return both
    is_inside = statistic >= 0 if alternative == "greater" else statistic <= 0
    p_value = jnp.where(is_inside, both / 2, 1 - both / 2)
    return jnp.where(jnp.isnan(both), jnp.nan, p_value)
