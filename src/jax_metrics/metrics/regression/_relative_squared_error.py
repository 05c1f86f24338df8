"""Squared errors relative to the spread or the size of the target."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of, pair
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import as_exact, weights, where_weighted
from jax_metrics.metrics.regression._from_moments import FromErrors, MomentsOptions
from jax_metrics.metrics.regression._outputs import averaged_outputs
from jax_metrics.metrics.state import Scaled, state

NORMALIZATIONS = ("mean", "range", "std", "l2")


class RelativeSquaredError(FromErrors):
    """`sum((target - preds)**2) / sum((target - mean)**2)`, which is `1 - R2`, or its root.

    NaN before the first update; infinite if all targets are the same but the predictions differ
    from them.

    Args:
        squared: Whether to return the squared error, not its root.
        **options: `num_outputs` and `multioutput`, as in `FromMoments`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 2.0, 4.0])
        >>> print(f"{jm.metrics.RelativeSquaredError()(target=target, preds=preds):.4f}")
        0.5000
        >>> print(f"{jm.metrics.relative_squared_error(target, preds, squared=False):.4f}")
        0.7071
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, *, squared: bool = True, **options: Unpack[MomentsOptions]):
        super().__init__(**options)
        self.squared = squared

    def compute(self) -> jax.Array:
        """The error."""
        error = self.squared_errors.over(self.squares[0])
        value = error.value if self.squared else error.root().value
        return averaged_outputs(value, self.multioutput)


class NormalizedRootMeanSquaredError(FromErrors):
    """The root mean squared error divided by the size or the spread of the target.

    NaN before the first update.

    Args:
        normalization: The divisor: `"mean"`, the mean of the targets; `"range"`, the
            largest minus the smallest; `"std"`, their standard deviation, with divisor n;
            `"l2"`, the root of the sum of their squares.
        **options: `num_outputs` and `multioutput`, as in `FromMoments`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.0, 4.0]), jnp.array([1.0, 5.0])
        >>> nrmse = jm.metrics.NormalizedRootMeanSquaredError()
        >>> print(f"{nrmse(target=target, preds=preds):.4f}")
        0.5000
        >>> nrmse = jm.metrics.normalized_root_mean_squared_error
        >>> print(f"{nrmse(target, preds, normalization='range'):.4f}")
        0.2500
    """

    higher_is_better = False
    largest: jax.Array = state("max")
    smallest: jax.Array = state("min")

    def __init__(
        self,
        *,
        normalization: str = "mean",
        **options: Unpack[MomentsOptions],
    ):
        super().__init__(**options)
        one_of("normalization", normalization, NORMALIZATIONS)
        self.normalization = normalization
        if normalization != "mean":  # which may be negative
            self.bounds = (0, None)
        self.largest = jnp.full(self.count.shape, -jnp.inf, self.dtype)
        self.smallest = jnp.full(self.count.shape, jnp.inf, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        super().update(target=target, preds=preds, sample_weight=sample_weight, mask=mask)
        numbers, _ = pair(target, preds)
        weight = weights(numbers.shape, sample_weight, mask, self.dtype)
        if self.normalization == "range":  # the range is a difference: numbers must not be rounded
            hint = "Subtract a constant from target and preds."
            numbers = as_exact(target, numbers.dtype, weight, "target", hint)
        target = numbers.astype(self.dtype)
        axes = tuple(range(target.ndim - self.largest.ndim))
        largest = where_weighted(target, weight, -jnp.inf).max(axes, initial=-jnp.inf)
        smallest = where_weighted(target, weight, jnp.inf).min(axes, initial=jnp.inf)
        self.largest = jnp.maximum(self.largest, largest)
        self.smallest = jnp.minimum(self.smallest, smallest)

    def compute(self) -> jax.Array:
        """The error."""
        value = self.squared_errors.times(1 / self.count).root().over(self._size()).value
        return averaged_outputs(value, self.multioutput)

    def _size(self) -> Scaled:
        mean, squares = self.moments.mean[..., 0], self.squares[0]
        if self.normalization == "mean":
            return Scaled(mean)
        if self.normalization == "range":
            return Scaled(self.largest - self.smallest)
        if self.normalization == "std":
            return squares.times(1 / self.count).root()
        return squares.plus(Scaled.square(mean).times(self.count)).root()


relative_squared_error = functional(RelativeSquaredError)
normalized_root_mean_squared_error = functional(NormalizedRootMeanSquaredError)
