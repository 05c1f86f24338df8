"""`Reduce`: reduces plain values like a loss."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import one_of
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import (
    as_numbers,
    batch_weights,
    counted_once,
    times_weight,
    weights,
)
from jax_metrics.metrics.state import Total

_REDUCTIONS = ("sum", "sum_over_batch_size", "mean_over_weights")


class Reduce(Metric):
    """Reduces all values to one number, as the reduction of a loss does for a batch.

    `update` takes the arguments of `Mean.update`.

    Args:
        reduction: `"sum"` of the weighted values; `"sum_over_batch_size"`, this sum divided by the
            number of values; `"mean_over_weights"`, this sum divided by the sum of the weights. See
            `jm.losses.Reduction`.

    Raises:
        ValueError: If there is no such reduction.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> values, weight = jnp.array([1.0, 2.0]), jnp.array([1.0, 3.0])
        >>> float(jm.metrics.Reduce("sum_over_batch_size")(values, sample_weight=weight))
        3.5
    """

    total: Total
    size: Total

    def __init__(self, reduction: str = "sum_over_batch_size", **options: Unpack[Common]):
        super().__init__(**options)
        one_of("reduction", str(reduction), _REDUCTIONS)
        self.reduction = str(reduction)
        if self.reduction == "sum_over_batch_size":
            self.weights_repeat = False
        self.total = Total.zeros((), self.dtype)
        self.size = Total.zeros((), self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = as_numbers(values, self.dtype)
        fit = counted_once if self.reduction == "sum" else batch_weights
        weight = weights(values.shape, *fit(values, sample_weight, mask), self.dtype)
        self.total += Total.sum(times_weight(values, weight), dtype=self.dtype)
        if self.reduction != "mean_over_weights":
            weight = weights(values.shape, *fit(values, None, mask))
        self.size += weight.sum()

    def compute(self) -> jax.Array:
        """The sum or the mean; a mean is NaN before the first value."""
        return self.total.value if self.reduction == "sum" else self.total.value / self.size.value
