"""`AgainstShares`: the base of metrics that set a cost against that of knowing the shares alone."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.probabilities._mean_of_scores import MeanOfScores
from jax_metrics.metrics.probabilities._scores import one_versus_rest, read_scores
from jax_metrics.metrics.state import Total


class AgainstShares(MeanOfScores):
    """The base of metrics that set a cost against that of knowing the shares alone.

    It stands before the metric of the cost among the bases of a class, which defines `of_shares`.
    """

    came: Total

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.came = Total.zeros((*self.labels.shape, 2), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `MeanOfScores` for shapes and dtypes."""
        super().update(target=target, preds=preds, sample_weight=sample_weight, mask=mask)
        target, _, weight, _ = read_scores(self.labels, target, preds, sample_weight, mask)
        right = one_versus_rest(self.labels, target)
        weight = weight.reshape(weight.shape + (1,) * (right.ndim - weight.ndim))
        axes = tuple(range(right.ndim - len(self.labels.shape)))
        counts = ((weight * kind).sum(axes) for kind in (~right, right))
        self.came += jnp.stack(list(counts), -1)

    def of_shares(self, came: jax.Array, share: jax.Array) -> jax.Array:
        """The costs, summed over all targets, of always predicting the shares.

        Args:
            came: How often each class or label was not the right one, and how often it was,
                `[*labels.shape, 2]`.
            share: Likewise, as parts of 1.
        """
        raise TypeError(f"{type(self).__name__} must define `of_shares`.")

    @property
    def against_shares(self) -> jax.Array:
        """The cost over that of the shares; NaN where all targets are the same."""
        came = self.came.value
        cost = self.of_shares(came, came / came.sum(-1, keepdims=True)).sum()
        return jnp.where(cost == 0, jnp.nan, self.total.value / cost)
