"""Median absolute error."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.losses import absolute_error
from jax_metrics.metrics.counts import as_examples
from jax_metrics.metrics.regression._from_rows import FromRows, RowsFunction, function_of_rows


class MedianAbsoluteError(FromRows):
    """The median of `|target - preds|`.

    For an even number of errors it is the mean of the two in the middle. NaN before the first
    update and if there are more rows than `capacity`.

    Args:
        **options: `capacity`, `num_outputs` and `multioutput`, as in `FromRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.zeros(3), jnp.array([1.0, -2.0, 100.0])
        >>> median = jm.metrics.MedianAbsoluteError(capacity=100)
        >>> float(median(target=target, preds=preds))
        2.0
        >>> float(jm.metrics.median_absolute_error(target, preds, mask=preds != -2))
        50.5
    """

    higher_is_better = False
    bounds = (0, None)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        error = absolute_error(target, preds)  # of integers before they are rounded
        zero = jnp.zeros_like(error)
        super().update(target=error, preds=zero, sample_weight=sample_weight, mask=mask)

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The median of the errors."""
        return weighted_quantile(target, weight, 0.5)


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


median_absolute_error: RowsFunction = function_of_rows(MedianAbsoluteError)
