"""`WeightedMean` and `MeanOf`: the bases of metrics that are a weighted mean."""

from typing import Any, ClassVar, Unpack

import jax

from jax_metrics.arguments import refuse_broadcast
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_numbers, times_weight, weights
from jax_metrics.metrics.state import Total


def bounds_of_sum(bounds: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    """The bounds of a sum of any number of values with these bounds: only 0 stays a bound."""
    low, high = (bound if bound == 0 else None for bound in bounds)
    return low, high


class WeightedMean(Metric):
    """The base of metrics that are a weighted mean; a subclass defines `update`, which calls `add`.

    Args:
        outputs: The shape of the value: each output has its own mean.
        **options: See `Metric`.
    """

    total: Total
    weight: Total

    def __init__(self, outputs: tuple[int, ...] = (), **options: Unpack[Common]):
        super().__init__(**options)
        self.total = Total.zeros(outputs, self.dtype)
        self.weight = Total.zeros(outputs, self.dtype)

    def add(self, values: Any, sample_weight: Any = None, mask: Any = None) -> None:
        """Adds values to the mean of their output.

        Args:
            values: Shape `[batch, ..., *outputs]`.
            sample_weight: The weight of each value.
            mask: Booleans: false excludes a value.
        """
        values = as_numbers(values, self.dtype)
        weight = weights(values.shape, sample_weight, mask, self.dtype)
        axes = tuple(range(values.ndim - self.total.high.ndim))
        self.total += Total.sum(times_weight(values, weight), axes, self.dtype)
        self.weight += weight.sum(axes)

    def compute(self) -> jax.Array:
        """The mean."""
        return self.total.value / self.weight.value


class MeanOf(WeightedMean):
    """The weighted mean of a function of target and predictions; NaN before the first update.

    A subclass defines `values`, which maps `target` and `preds` to an array. `update` takes both by
    name, and `sample_weight` and `mask`, whose shapes are prefixes of the shape of `values`. Values
    of weight zero are ignored, even NaN.

    Attributes:
        same_shape: Whether target and predictions must have the same shape: broadcasting `[n]` with
            `[n, 1]` would give `n * n` values. Labels `[...]` for scores `[..., classes]` are
            allowed. A class that broadcasts on purpose sets it to False.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Within(jm.metrics.MeanOf):
        ...     def values(self, target, preds):
        ...         return abs(target - preds) < 1
        >>> within = Within()
        >>> within = within.update(target=jnp.array([1.0, 2.0]), preds=jnp.array([1.5, 4.0]))
        >>> float(within.compute())
        0.5
    """

    same_shape: ClassVar[bool] = True

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The values to average, `[batch, ...]`."""
        raise TypeError(
            f"{type(self).__name__} must define `values(self, target, preds)`; see "
            "`jm.metrics.MeanOf`."
        )

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch."""
        if self.same_shape:
            refuse_broadcast(target=target, preds=preds)
        self.add(self.values(target, preds), sample_weight, mask)
