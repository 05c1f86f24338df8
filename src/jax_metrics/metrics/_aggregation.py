"""Metrics of plain values: their mean, sum, smallest and largest."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics._state import state
from jax_metrics.metrics._total import Total
from jax_metrics.metrics._weights import weigh


class Mean(Metric):
    """The weighted mean of all values; NaN before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape; the shapes of the other
    two are the first part of theirs. A value under the mask may be anything.

    Args:
        name: Its name in logs.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mean = jm.metrics.Mean()
        >>> mean = mean.update(jnp.array([1.0, 2.0])).update(jnp.array([6.0]))
        >>> float(mean.compute())
        3.0
    """

    total: Total
    weight: Total

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name)
        self.total = Total()
        self.weight = Total()

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> None:
        """Takes values in."""
        values, weight = weigh(jnp.asarray(values, jnp.float32), sample_weight, mask)
        self.total += (values * weight).sum()
        self.weight += weight.sum()

    def compute(self) -> jax.Array:
        """The mean, a float32."""
        return self.total.value / self.weight.value


class Sum(Metric):
    """The weighted sum of all values.

    `update` as that of `Mean`.

    Args:
        name: Its name in logs.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Sum().update(jnp.array([1.0, 2.0])).compute())
        3.0
    """

    total: Total

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name)
        self.total = Total()

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> None:
        """Takes values in."""
        values, weight = weigh(jnp.asarray(values, jnp.float32), sample_weight, mask)
        self.total += (values * weight).sum()

    def compute(self) -> jax.Array:
        """The sum, a float32."""
        return self.total.value


class Max(Metric):
    """The largest of all values; minus infinity before the first one.

    Args:
        name: Its name in logs.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Max().update(jnp.array([1.0, 5.0])).compute())
        5.0
    """

    largest: jax.Array = state("max")

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name)
        self.largest = jnp.array(-jnp.inf)

    def update(self, values: Any, mask: Any = None) -> None:
        """Takes values in."""
        values = jnp.asarray(values, jnp.float32)
        _, weight = weigh(values, mask=mask)
        self.largest = jnp.maximum(self.largest, jnp.where(weight != 0, values, -jnp.inf).max())

    def compute(self) -> jax.Array:
        """The largest value, a float32."""
        return self.largest


class Min(Metric):
    """The smallest of all values; infinity before the first one.

    Args:
        name: Its name in logs.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Min().update(jnp.array([1.0, 5.0])).compute())
        1.0
    """

    smallest: jax.Array = state("min")

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name)
        self.smallest = jnp.array(jnp.inf)

    def update(self, values: Any, mask: Any = None) -> None:
        """Takes values in."""
        values = jnp.asarray(values, jnp.float32)
        _, weight = weigh(values, mask=mask)
        self.smallest = jnp.minimum(self.smallest, jnp.where(weight != 0, values, jnp.inf).min())

    def compute(self) -> jax.Array:
        """The smallest value, a float32."""
        return self.smallest
