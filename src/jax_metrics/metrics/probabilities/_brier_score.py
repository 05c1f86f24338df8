"""Brier score: the squared error of probabilities."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.probabilities._mean_of_scores import MeanOfScores
from jax_metrics.metrics.probabilities._scores import Scored, one_versus_rest, probabilities


class BrierScore(MeanOfScores):
    """The mean squared error of probabilities, `(target - p)**2`.

    With classes it is the sum over them, which lies between 0 and 2. See `MeanOfScores` for shapes
    and options.

    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1]), jnp.array([0.25, 0.5])
        >>> float(jm.metrics.BrierScore()(target=target, preds=preds))
        0.15625
        >>> both = jnp.stack([1 - preds, preds], -1)
        >>> float(jm.metrics.brier_score(target, both, num_classes=2))
        0.3125
    """

    def costs(self, scored: Scored) -> jax.Array:
        """The squared error of each target."""
        right = one_versus_rest(self.labels, scored.target)
        errors = (probabilities(self.labels, scored.scores) - right) ** 2
        return errors if self.labels.num_classes is None else errors.sum(-1)


brier_score = functional(BrierScore)
