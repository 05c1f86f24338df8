"""Median absolute error."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.regression._from_rows import FromRows, function_of_rows


class MedianAbsoluteError(FromRows):
    """The median of `|target - preds|`: what half of the errors do not exceed.

    With an even number it is the mean of the two in the middle. NaN before the first update and
    when more rows came than `capacity`.

    Args:
        **options: `capacity` and `num_outputs`, as `FromRows` says.

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

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The median of the errors."""
        return weighted_quantile(jnp.abs(target - preds), weight, 0.5)


def weighted_quantile(values: jax.Array, weight: jax.Array, level: float) -> jax.Array:
    """What the share `level` of the weight does not exceed; NaN without any weight.

    Where that is true of two values and all between them, the mean of the two.
    """
    values = jnp.where(weight != 0, values, jnp.inf)
    order = jnp.argsort(values)
    ordered = values[order]
    reached = jnp.cumsum(weight[order])
    total = reached[-1]
    low = ordered[jnp.argmax(reached >= level * total)]
    high = ordered[jnp.argmax((reached > level * total) | (reached == total))]
    middle = jnp.where(low == high, low, low + (high - low) / 2)
    return jnp.where(total > 0, middle, jnp.nan)


median_absolute_error = function_of_rows(MedianAbsoluteError)
