"""D2 scores of probabilities: the explained fraction of log loss and Brier score."""

from typing import Unpack

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.scores._brier_score import BrierScore
from jax_metrics.metrics.scores._mean_cost import MeanCostOptions
from jax_metrics.metrics.scores._normalized_entropy import NormalizedEntropy
from jax_metrics.metrics.scores._relative_to_prior import RelativeToPrior


class D2LogLossScore(NormalizedEntropy):
    """The explained fraction of the log loss, `1 - log_loss(preds) / log_loss(frequencies)`.

    1 is best, 0 is the score of always predicting the class frequencies. NaN where all targets are
    the same. It is 1 minus `NormalizedEntropy`.

    See `LogLoss` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.25, 0.75, 0.25, 0.75])
        >>> round(float(jm.metrics.D2LogLossScore()(target=target, preds=preds)), 4)
        0.585
        >>> round(float(jm.metrics.d2_log_loss_score(target, preds)), 4)
        0.585
    """

    higher_is_better = True
    bounds = (None, 1)

    def compute(self) -> jax.Array:
        """The explained fraction."""
        return 1 - self.relative_cost


class D2BrierScore(RelativeToPrior, BrierScore):
    """The explained fraction of the Brier score, `1 - brier(preds) / brier(frequencies)`.

    1 is best, 0 is the score of always predicting the class frequencies. NaN where all targets are
    the same. Also called Brier skill score.

    See `MeanCost` for shapes and options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.25, 0.75, 0.25, 0.75])
        >>> float(jm.metrics.D2BrierScore()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.d2_brier_score(target, preds))
        0.75
    """

    higher_is_better = True
    bounds = (None, 1)

    def __init__(self, **options: Unpack[MeanCostOptions]):
        super().__init__(**options)

    def prior_costs(self, counts: jax.Array, frequencies: jax.Array) -> jax.Array:
        """The squared errors of the frequencies."""
        return counts[..., 1] * frequencies[..., 0]

    def compute(self) -> jax.Array:
        """The explained fraction."""
        return 1 - self.relative_cost


d2_log_loss_score = functional(D2LogLossScore, "d2_log_loss_score")
d2_brier_score = functional(D2BrierScore, "d2_brier_score")
