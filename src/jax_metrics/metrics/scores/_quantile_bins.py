"""Sums over bins that hold the same number of probabilities each."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import as_examples, bincount


def quantile_bin_sums(rows: jax.Array, num_bins: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The weight, the sum of probabilities and the sum of outcomes in each bin, `[num_bins]`.

    The bounds are the quantiles of the probabilities, interpolated as `numpy.quantile` does; a bin
    includes its upper end. Weights are numbers of examples, see `as_examples`.

    Args:
        rows: Probabilities, outcomes and weights, `[examples, 3]`; those of weight 0 are ignored.
        num_bins: The number of bins.
    """
    probability, outcome, weight = rows.T
    probability = jnp.where(weight == 0, jnp.inf, probability)
    order = jnp.argsort(probability)
    probability, outcome, weight = probability[order], outcome[order], weight[order]
    examples, rounding = as_examples(weight)
    cumulative = jnp.cumsum(examples)
    # An interpolated bound separates the same examples as the lower one of its two neighbours. The
    # products are exact for counts, where their quotients would be rounded.
    position = jnp.arange(1, num_bins) * (cumulative[-1] - 1) + num_bins * rounding
    index = jnp.searchsorted(cumulative * num_bins, position, side="right")
    bounds = probability[jnp.minimum(index, len(rows) - 1)]
    bins = jnp.searchsorted(bounds, probability, side="left")
    predicted = jnp.where(weight == 0, 0, probability)
    weight, predicted, observed = (
        bincount(bins, values, num_bins)
        for values in (weight, predicted * weight, outcome * weight)
    )
    return weight, predicted, observed
