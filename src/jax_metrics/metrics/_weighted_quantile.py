"""Quantiles of weighted values, for regression and retrieval."""

import jax
import jax.numpy as jnp


def weighted_quantile(values: jax.Array, weight: jax.Array, level: float) -> jax.Array:
    """The quantile of weighted values, `level` from 0 to 1; NaN if all weights are zero.

    Where two neighbouring values and all numbers between them qualify, it is their mean.
    """
    values = jnp.where(weight != 0, values, jnp.inf)
    order = jnp.argsort(values)
    ordered = values[order]
    cumulative = jnp.cumsum(weight[order])
    total = cumulative[-1]
    low = ordered[jnp.argmax(cumulative >= level * total)]
    high = ordered[jnp.argmax((cumulative > level * total) | (cumulative == total))]
    middle = jnp.where(low == high, low, low + (high - low) / 2)
    return jnp.where(total > 0, middle, jnp.nan)
