"""Averages over classes, and division where the divisor may be zero."""

import jax
import jax.numpy as jnp

AVERAGES = ("micro", "macro", "weighted", None)


def divide(numerator: jax.Array, denominator: jax.Array, zero_division: float) -> jax.Array:
    """The quotient, or `zero_division` where the denominator is zero."""
    is_zero = denominator == 0
    return jnp.where(is_zero, zero_division, numerator / jnp.where(is_zero, 1, denominator))


def geometric_mean(first: jax.Array, second: jax.Array) -> jax.Array:
    """`sqrt(first * second)` of numbers that are not negative: exact where both are equal."""
    high, low = jnp.maximum(first, second), jnp.minimum(first, second)
    return high * jnp.sqrt(divide(low, high, 0.0))


def average_scores(
    scores: jax.Array,
    support: jax.Array,
    average: str | None,
    zero_division: float,
    included: jax.Array | bool = True,
) -> jax.Array:
    """The average of the scores of classes or labels; NaN scores are left out.

    Args:
        scores: The score of each class or label, or a single one, which is returned as it is.
        support: How often each is the target.
        average: `"macro"` takes the mean, `"weighted"` weights it by the support; `"micro"` and
            None return the scores as they are.
        zero_division: The value if all scores are left out.
        included: Which scores a macro average includes.
    """
    if average in ("micro", None) or scores.ndim == 0:
        return scores
    weight = support if average == "weighted" else jnp.where(included, jnp.ones_like(scores), 0)
    # A NaN in the support marks a broken rule and has to reach the value.
    left_out = (weight == 0) | (jnp.isnan(scores) & ~jnp.isnan(support))
    weight = jnp.where(left_out, 0, weight)
    return divide((jnp.where(left_out, 0, scores) * weight).sum(), weight.sum(), zero_division)
