"""Variance, standard deviation and standard error of plain values."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_numbers, counted_once, weights
from jax_metrics.metrics.state import Moments, Scaled


class Variance(Metric):
    """The weighted variance of all values, accurate under any offset; NaN before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape; the shapes of weights and
    mask are prefixes of it. The variance of equal values is exactly 0, and so is one whose root is
    less than about 4e-11 of the mean, which float32 cannot tell from a rounding error.

    Args:
        ddof: Delta degrees of freedom, subtracted from the sum of the weights in the divisor: 0 for
            the variance of the values themselves, 1 for an estimate from a sample.

    Source: see `Moments`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Variance()(1e6 + jnp.array([1.0, 2.0, 3.0])))
        0.6666666865348816
    """

    bounds = (0, None)
    moments: Moments

    def __init__(self, *, ddof: float = 0, **options: Unpack[Common]):
        super().__init__(**options)
        self.ddof = ddof
        self.moments = Moments(1, dtype=self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = as_numbers(values, self.dtype)
        sample_weight, mask = counted_once(values, sample_weight, mask)
        weight = weights(values.shape, sample_weight, mask, self.dtype)
        self.moments = self.moments.updated(values.reshape(-1, 1), weight.reshape(-1))

    def compute(self) -> jax.Array:
        """The variance; NaN where the weights sum to `ddof` or less."""
        return self._scaled.value

    @property
    def _scaled(self) -> Scaled:
        freedom = self.moments.count.value - self.ddof
        return self.moments.squares[0].times(1 / jnp.where(freedom > 0, freedom, jnp.nan))


class Std(Variance):
    """The standard deviation of all values: the square root of `Variance`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.Std()(jnp.array([1.0, 3.0])))
        1.0
    """

    def compute(self) -> jax.Array:
        """The standard deviation."""
        return self._scaled.root().value


class StandardError(Std):
    """The standard error of the mean: `Std` divided by the root of the sum of the weights.

    Args:
        ddof: See `Variance`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.StandardError()(jnp.array([1.0, 3.0, 1.0, 3.0])))
        0.5773502588272095
    """

    def __init__(self, *, ddof: float = 1, **options: Unpack[Common]):
        super().__init__(ddof=ddof, **options)

    def compute(self) -> jax.Array:
        """The standard error."""
        return super().compute() / jnp.sqrt(self.moments.count.value)
