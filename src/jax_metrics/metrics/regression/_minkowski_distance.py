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


class _Powers(Accumulator):
    """The sum of powers of some sizes, as shares of the largest: so powers do not overflow."""

    largest: jax.Array = MetricState.node()
    total: Total = MetricState.node()

    def __init__(self, p: float, dtype: Any):
        self.p = p
        self.largest = jnp.zeros((), dtype)
        self.total = Total.zeros((), dtype)

    def updated(self, sizes: jax.Array, weight: jax.Array) -> "_Powers":
        """With sizes added, which are not negative."""
        sizes = where_weighted(sizes, weight)
        batch = self.neutral()
        batch.largest = sizes.max(initial=0)
        batch.total = batch.total + (_share(sizes, batch.largest) ** self.p * weight).sum()
        return self.merged(batch)

    def neutral(self) -> "_Powers":
        """No sizes."""
        made = object.__new__(_Powers)
        largest = jnp.zeros_like(self.largest)
        made.__setstate__({"p": self.p, "largest": largest, "total": self.total.neutral()})
        return made

    def merged(self, other: "_Powers") -> "_Powers":
        """The sizes of both together."""
        made = self.neutral()
        made.largest = jnp.maximum(self.largest, other.largest)
        for one in (self, other):
            factor = _share(one.largest, made.largest) ** self.p
            made.total = made.total + factor * one.total.high + factor * one.total.low
        return made


def _share(part: jax.Array, largest: jax.Array) -> jax.Array:
    # Infinity is all of infinity, and the division by zero is none.
    return jnp.where(part == largest, 1, part / jnp.where(largest == 0, 1, largest))


class MinkowskiDistance(Metric):
    """The distance of all targets from all predictions, `sum(|target - preds|**p)**(1 / p)`.

    It grows with each update; 0 before the first one. A weight multiplies the power.

    Args:
        p: 1 is the Manhattan distance, 2 the Euclidean one; for infinity see `MaxError`.
        **options: Those of every metric.

    Raises:
        ValueError: If `p` is smaller than 1, or infinite.

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
    powers: _Powers

    def __init__(self, *, p: float, **options: Unpack[Common]):
        super().__init__(**options)
        if not 1 <= p < float("inf"):
            raise ValueError(
                f"p must be a finite number, 1 or more, but is {p}. `MaxError` is the distance for "
                "an infinite p."
            )
        self.powers = _Powers(p, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in: `target` and `preds` of one shape."""
        error = absolute_error(target, preds).astype(self.dtype)
        weight = weights(error.shape, sample_weight, mask, self.dtype)
        self.powers = self.powers.updated(error, weight)

    def compute(self) -> jax.Array:
        """The distance."""
        return self.powers.largest * self.powers.total.value ** (1 / self.powers.p)


minkowski_distance = functional(MinkowskiDistance)
