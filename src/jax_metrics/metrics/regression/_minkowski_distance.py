"""Minkowski distance."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.losses import absolute_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.state import Accumulator, Total
from jax_metrics.module import MetricState


class _PowerSum(Accumulator):
    """A sum of powers of sizes relative to the largest size, so that they do not overflow."""

    largest: jax.Array = MetricState.node()
    total: Total = MetricState.node()

    def __init__(self, p: float, dtype: Any):
        self.p = p
        self.largest = jnp.zeros((), dtype)
        self.total = Total.zeros((), dtype)

    def updated(self, sizes: jax.Array, weight: jax.Array) -> "_PowerSum":
        """The sum with nonnegative sizes added."""
        sizes = where_weighted(sizes, weight)
        largest = sizes.max(initial=0)
        powers = _ratio(sizes, largest) ** self.p * weight
        return self.merged(
            self._replace(largest=largest, total=self.total.neutral() + powers.sum())
        )

    def neutral(self) -> "_PowerSum":
        """The sum of no sizes."""
        return self._replace(largest=jnp.zeros_like(self.largest), total=self.total.neutral())

    def merged(self, other: "_PowerSum") -> "_PowerSum":
        """The sum of the sizes of both."""
        largest, total = jnp.maximum(self.largest, other.largest), self.total.neutral()
        for term in (self, other):
            factor = _ratio(term.largest, largest) ** self.p
            total = total + factor * term.total.high + factor * term.total.low
        return self._replace(largest=largest, total=total)


def _ratio(size: jax.Array, largest: jax.Array) -> jax.Array:
    # 1 for equal sizes, even if both are infinite or zero.
    return jnp.where(size == largest, 1, size / jnp.where(largest == 0, 1, largest))


class MinkowskiDistance(Metric):
    """The distance between all targets and all predictions, `sum(|target - preds|**p)**(1 / p)`.

    It grows with each update, from 0 before the first one. Weights multiply the powers.

    Args:
        p: 1 is the Manhattan distance, 2 the Euclidean one, infinity the largest
            `|target - preds|`, where it only matters whether a weight is zero.
        **options: See `Metric`.

    Raises:
        ValueError: If `p` is smaller than 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.zeros(2), jnp.array([3.0, 4.0])
        >>> float(jm.metrics.MinkowskiDistance(p=2)(target=target, preds=preds))
        5.0
        >>> float(jm.metrics.minkowski_distance(target, preds, p=1))
        7.0
    """

    higher_is_better = False
    bounds = (0, None)
    powers: _PowerSum

    def __init__(self, *, p: float, **options: Unpack[Common]):
        super().__init__(**options)
        if not p >= 1:
            raise ValueError(f"p must be 1 or more, but is {p}.")
        self.powers = _PowerSum(p, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        error = absolute_error(target, preds).astype(self.dtype)
        weight = weights(error.shape, sample_weight, mask, self.dtype)
        self.powers = self.powers.updated(error, weight)

    def compute(self) -> jax.Array:
        """The distance."""
        return self.powers.largest * self.powers.total.value ** (1 / self.powers.p)


minkowski_distance = functional(MinkowskiDistance)
