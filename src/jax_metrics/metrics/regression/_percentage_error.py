"""Percentage errors: errors as a fraction of the target."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair, positive
from jax_metrics.losses import absolute_error, absolute_percentage_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.regression._mean_error import MeanError, MeanErrorOptions
from jax_metrics.metrics.regression._outputs import ends_with_outputs


class MeanAbsolutePercentageError(MeanError):
    """The mean of `|target - preds| / |target|`, as a fraction: 0.5 means 50 percent.

    NaN before the first update. The loss of the same name is in percent.

    Args:
        epsilon: The lower bound of the divisor.
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0]), jnp.array([1.5, 4.0])
        >>> float(jm.metrics.MeanAbsolutePercentageError()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.mean_absolute_percentage_error(target, preds))
        0.75
    """

    def __init__(self, *, epsilon: float = 1e-7, **options: Unpack[MeanErrorOptions]):
        super().__init__(**options)
        positive(epsilon=epsilon)
        self.epsilon = epsilon

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The relative errors."""
        return absolute_percentage_error(target, preds, epsilon=self.epsilon) / 100


class SymmetricMeanAbsolutePercentageError(MeanAbsolutePercentageError):
    """The mean of `2 * |target - preds| / (|target| + |preds|)`, from 0 to 2.

    NaN before the first update. Where both are 0, the relative error is 0. See
    `MeanAbsolutePercentageError` for the options.

    Source: Armstrong, Long-Range Forecasting, 1985.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0]), jnp.array([3.0, 2.0])
        >>> float(jm.metrics.SymmetricMeanAbsolutePercentageError()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.symmetric_mean_absolute_percentage_error(target, preds))
        0.5
    """

    bounds = (0, 2)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The relative errors."""
        sizes = (jnp.abs(x) / 2 for x in pair(target, preds))  # their sum is always a float
        mean = jnp.maximum(sum(sizes, start=jnp.zeros(())), self.epsilon / 2)
        return absolute_error(target, preds) / mean


class WeightedMeanAbsolutePercentageError(MeanError):
    """The sum of `|target - preds|` as a fraction of the sum of `|target|`.

    NaN before the first update and where all errors and targets are 0; infinite where only the
    targets are 0.

    Args:
        **options: `num_outputs`, as in `MeanError`: each output has its own value.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 3.0]), jnp.array([2.0, 2.0])
        >>> float(jm.metrics.WeightedMeanAbsolutePercentageError()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.weighted_mean_absolute_percentage_error(target, preds))
        0.5
    """

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape, `[batch, ...]`."""
        error, (target, _) = absolute_error(target, preds), pair(target, preds)
        outputs = self.total.high.shape
        ends_with_outputs(target.shape, outputs)
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        target, error = where_weighted(target, weight), where_weighted(error, weight)
        axes = tuple(range(target.ndim - len(outputs)))
        # The mean of relative errors, each weighted by the size of its target.
        self.total += (error * weight).sum(axes)
        self.weight += (jnp.abs(target) * weight).sum(axes)


mean_absolute_percentage_error = functional(MeanAbsolutePercentageError)
symmetric_mean_absolute_percentage_error = functional(SymmetricMeanAbsolutePercentageError)
weighted_mean_absolute_percentage_error = functional(WeightedMeanAbsolutePercentageError)
