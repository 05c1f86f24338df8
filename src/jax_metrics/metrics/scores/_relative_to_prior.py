"""`RelativeToPrior`: a cost relative to the cost of always predicting the class frequencies."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.inputs import one_versus_rest, read_scores
from jax_metrics.metrics.scores._mean_cost import MeanCost
from jax_metrics.metrics.state import Total


class RelativeToPrior(MeanCost):
    """The base of costs relative to that of always predicting the class frequencies (the prior).

    A subclass lists it before the metric of the cost among its bases, and defines `prior_costs`.
    """

    class_counts: Total

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.class_counts = Total.zeros((*self.labels.shape, 2), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `MeanCost` for shapes and dtypes."""
        super().update(target=target, preds=preds, sample_weight=sample_weight, mask=mask)
        target, _, weight, _ = read_scores(self.labels, target, preds, sample_weight, mask)
        positive = one_versus_rest(self.labels, target)
        weight = weight.reshape(weight.shape + (1,) * (positive.ndim - weight.ndim))
        axes = tuple(range(positive.ndim - len(self.labels.shape)))
        counts = [(weight * selected).sum(axes) for selected in (~positive, positive)]
        self.class_counts += jnp.stack(counts, -1)

    def prior_costs(self, counts: jax.Array, frequencies: jax.Array) -> jax.Array:
        """The costs, summed over all targets, of always predicting the class frequencies.

        Args:
            counts: For each class or label, the number of negatives and of positives,
                `[*labels.shape, 2]`.
            frequencies: The same as fractions, which sum to 1.
        """
        raise TypeError(f"{type(self).__name__} must define `prior_costs`.")

    @property
    def relative_cost(self) -> jax.Array:
        """The cost divided by that of the prior; NaN where all targets are the same."""
        counts = self.class_counts.value
        prior_cost = self.prior_costs(counts, counts / counts.sum(-1, keepdims=True)).sum()
        return jnp.where(prior_cost == 0, jnp.nan, self.total.value / prior_cost)
