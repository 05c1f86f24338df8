"""Mean squared error and its root."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import subtract
from jax_metrics.losses import squared_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.regression._mean_error import MeanError, MeanErrorOptions
from jax_metrics.metrics.state import SquareSum


class MeanSquaredError(MeanError):
    """The mean of `(target - preds)**2`; NaN before the first update.

    Args:
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mse = jm.metrics.MeanSquaredError()
        >>> mse = mse.update(target=jnp.array([1.0, 2.0]), preds=jnp.array([1.5, 4.0]))
        >>> float(mse.compute())
        2.125
        >>> float(jm.metrics.mean_squared_error(jnp.array([1.0, 2.0]), jnp.array([1.5, 4.0])))
        2.125
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The squared errors."""
        return squared_error(target, preds)


class RootMeanSquaredError(MeanError):
    """The square root of `MeanSquaredError`, accurate even where squared errors over- or underflow.

    Args:
        **options: `num_outputs` and `multioutput`, as in `MeanError`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> rmse = jm.metrics.RootMeanSquaredError()
        >>> float(rmse(target=jnp.array([1.0, 2.0]), preds=jnp.array([4.0, 6.0])))
        3.535533905029297
    """

    squares: SquareSum

    def __init__(self, **options: Unpack[MeanErrorOptions]):
        super().__init__(**options)
        self.squares = SquareSum(self.weight.high.shape, self.dtype)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The errors."""
        return subtract(target, preds)

    def add(self, values: Any, sample_weight: Any = None, mask: Any = None) -> None:
        """Adds the squares of errors."""
        weight = weights(values.shape, sample_weight, mask, self.dtype)
        errors = where_weighted(values.astype(self.dtype), weight)
        self.squares = self.squares.updated(errors, weight)
        self.weight += weight.sum(tuple(range(errors.ndim - self.weight.high.ndim)))

    def each(self) -> jax.Array:
        """The root of the mean of each output."""
        return self.squares.scaled.times(1 / self.weight.value).root().value


mean_squared_error = functional(MeanSquaredError)
root_mean_squared_error = functional(RootMeanSquaredError)
