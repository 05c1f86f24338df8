"""Minkowski distance."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.losses import absolute_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._weights import counted, weights
from jax_metrics.metrics.state import Total


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
    total: Total

    def __init__(self, *, p: float, **options: Unpack[Common]):
        super().__init__(**options)
        if not 1 <= p < float("inf"):
            raise ValueError(
                f"p must be a finite number, 1 or more, but is {p}. `MaxError` is the distance for "
                "an infinite p."
            )
        self.p = p
        self.total = Total.zeros((), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Takes a batch in: `target` and `preds` of one shape."""
        powers = absolute_error(target, preds).astype(self.dtype) ** self.p
        weight = weights(powers.shape, sample_weight, mask, self.dtype)
        self.total += (counted(powers, weight) * weight).sum()

    def compute(self) -> jax.Array:
        """The distance."""
        return self.total.value ** jnp.asarray(1 / self.p, self.dtype)


minkowski_distance = functional(MinkowskiDistance)
