"""Quantiles of weighted values, for regression and retrieval."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import as_examples


def weighted_quantile(values: jax.Array, weight: jax.Array, level: float) -> jax.Array:
    """The quantile of weighted values, `level` from 0 to 1; NaN if all weights are zero.

    Where two neighbouring values and all numbers between them qualify, it is their mean, also if
    that is so only up to the rounding errors of sums of weights.
    """
    values = jnp.where(weight != 0, values, jnp.inf)
    order = jnp.argsort(values)
    ordered = values[order]
    examples, rounding = as_examples(weight)
    cumulative = jnp.cumsum(examples[order])
    total = cumulative[-1]
    low = ordered[jnp.argmax(cumulative >= level * total - rounding)]
    is_above = cumulative > level * total + rounding
    high = ordered[jnp.argmax(is_above | (cumulative >= total - rounding))]
    middle = jnp.where(low == high, low, low + (high - low) / 2)
    return jnp.where(total > 0, middle, jnp.nan)
