"""Maximum and minimum of plain values."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_exact, counted_once, weights, where_weighted
from jax_metrics.metrics.state import highest, lowest, state


class Max(Metric):
    """The largest of all values; minus infinity before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape. Values of weight zero are
    ignored; other weights make no difference. With an integer `dtype`, values are integers, and the
    smallest integer means no value; a floating `dtype` refuses integers that it would round.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Max().update(jnp.array([1.0, 5.0])).compute())
        5.0
    """

    keeps_integers = True
    largest: jax.Array = state("max")

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.largest = jnp.array(lowest(self.dtype), self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = jnp.asarray(values)
        weight = weights(values.shape, *counted_once(values, sample_weight, mask))
        values = as_exact(values, self.dtype, weight)
        least = lowest(self.dtype)
        largest = where_weighted(values, weight, least).max(initial=least)
        self.largest = jnp.maximum(self.largest, largest)

    def compute(self) -> jax.Array:
        """The largest value."""
        return self.largest


class Min(Metric):
    """The smallest of all values; infinity before the first one.

    `update` takes the arguments of `Max.update`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Min().update(jnp.array([1.0, 5.0])).compute())
        1.0
    """

    keeps_integers = True
    smallest: jax.Array = state("min")

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.smallest = jnp.array(highest(self.dtype), self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = jnp.asarray(values)
        weight = weights(values.shape, *counted_once(values, sample_weight, mask))
        values = as_exact(values, self.dtype, weight)
        greatest = highest(self.dtype)
        smallest = where_weighted(values, weight, greatest).min(initial=greatest)
        self.smallest = jnp.minimum(self.smallest, smallest)

    def compute(self) -> jax.Array:
        """The smallest value."""
        return self.smallest
