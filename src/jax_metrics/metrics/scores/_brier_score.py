"""Brier score: the mean squared error of probabilities."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import ScoreBatch, as_probabilities, one_versus_rest
from jax_metrics.metrics.scores._mean_cost import MeanCost


class BrierScore(MeanCost):
    """The mean squared error of probabilities, `(target - p)**2`.

    With classes it is the sum over the classes, from 0 to 2. See `MeanCost` for shapes and options.

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

    def costs(self, batch: ScoreBatch) -> jax.Array:
        """The squared error of each target."""
        positive = one_versus_rest(self.labels, batch.target)
        errors = (as_probabilities(self.labels, batch.scores) - positive) ** 2
        return errors if self.labels.num_classes is None else errors.sum(-1)


brier_score = functional(BrierScore)
