"""Median absolute error."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.losses import absolute_error
from jax_metrics.metrics._weighted_quantile import weighted_quantile
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


median_absolute_error: RowsFunction = function_of_rows(MedianAbsoluteError)
