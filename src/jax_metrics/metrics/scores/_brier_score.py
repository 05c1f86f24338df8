"""Brier score: the mean squared error of probabilities."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import ScoreBatch, as_smaller_probabilities, one_versus_rest
from jax_metrics.metrics.scores._mean_cost import MeanCost, MeanCostOptions


class BrierScore(MeanCost):
    """The mean squared error of probabilities, `(target - p)**2`.

    With classes it is the sum over the classes, from 0 to 2. See `MeanCost` for shapes.

    Args:
        scale_by_half: Whether the value is half of the sum over the classes, from 0 to 1. `"auto"`
            halves it for a binary target and labels, but not for classes; False counts both
            outcomes of a binary target, from 0 to 2.
        **options: See `MeanCost`.

    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1]), jnp.array([0.25, 0.5])
        >>> float(jm.metrics.BrierScore()(target=target, preds=preds))
        0.15625
        >>> class_preds = jnp.stack([1 - preds, preds], -1)
        >>> float(jm.metrics.brier_score(target, class_preds, num_classes=2))
        0.3125
    """

    bounds = (0, 2)

    def __init__(self, *, scale_by_half: bool | str = "auto", **options: Unpack[MeanCostOptions]):
        super().__init__(**options)
        one_of("scale_by_half", scale_by_half, ("auto", True, False))
        self.scale_by_half = scale_by_half

    def costs(self, batch: ScoreBatch) -> jax.Array:
        """The squared error of each target."""
        positive = one_versus_rest(self.labels, batch.target)
        smaller, is_above = as_smaller_probabilities(self.labels, batch.scores)
        errors = jnp.where(is_above == (positive == 1), smaller, 1 - smaller) ** 2
        return errors if self.labels.num_classes is None else errors.sum(-1)

    def compute(self) -> jax.Array:
        """The score."""
        is_half, score = self.labels.num_classes is None, super().compute()
        if self.scale_by_half == "auto" or self.scale_by_half == is_half:
            return score
        return 2 * score if is_half else score / 2


brier_score = functional(BrierScore)
