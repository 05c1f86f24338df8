"""Mean and sum of plain values."""

from typing import Any, Unpack

import jax

from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import (
    as_numbers,
    batch_weights,
    counted_once,
    times_weight,
    weights,
)
from jax_metrics.metrics.state import Total


class Mean(WeightedMean):
    """The weighted mean of all values; NaN before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape; the shapes of weights and
    mask are prefixes of it. Values of weight zero are ignored, even NaN.

    A single value together with a mask or weights of the examples, as in a collection, is read as
    the mean of a batch, such as its loss. Its weight is the number of examples that are not masked,
    or the sum of their weights.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mean = jm.metrics.Mean()
        >>> mean = mean.update(jnp.array([1.0, 2.0])).update(jnp.array([6.0]))
        >>> float(mean.compute())
        3.0
    """

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = as_numbers(values, self.dtype)
        self.add(values, *batch_weights(values, sample_weight, mask, self.dtype))


class Sum(Metric):
    """The weighted sum of all values; 0 before the first one.

    `update` takes the arguments of `Mean.update`. A single value together with a mask of the
    examples counts once, unless all are masked.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Sum().update(jnp.array([1.0, 2.0])).compute())
        3.0
    """

    total: Total

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.total = Total.zeros((), self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = as_numbers(values, self.dtype)
        sample_weight, mask = counted_once(values, sample_weight, mask)
        weight = weights(values.shape, sample_weight, mask, self.dtype)
        self.total += Total.sum(times_weight(values, weight), dtype=self.dtype)

    def compute(self) -> jax.Array:
        """The sum."""
        return self.total.value
