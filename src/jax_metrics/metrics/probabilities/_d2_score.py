"""D2 scores of probabilities: which part of their cost is explained."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.probabilities._against_shares import AgainstShares
from jax_metrics.metrics.probabilities._brier_score import BrierScore
from jax_metrics.metrics.probabilities._normalized_entropy import NormalizedEntropy


class D2LogLossScore(NormalizedEntropy):
    """The part of the log loss that is explained, `1 - log_loss(preds) / log_loss(shares)`.

    1 is best, 0 is what always predicting how often each label or class came would have. NaN where
    all targets are the same. It is 1 minus `NormalizedEntropy`.

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

    def compute(self) -> jax.Array:
        """The part that is explained."""
        return 1 - self.against_shares


class D2BrierScore(AgainstShares, BrierScore):
    """The part of the Brier score that is explained, `1 - brier_score(preds) / that of the shares`.

    1 is best, 0 is what always predicting how often each label or class came would have. NaN where
    all targets are the same. Also called Brier skill score.

    See `MeanOfScores` for shapes and options.

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

    def of_shares(self, came: jax.Array, share: jax.Array) -> jax.Array:
        """The squared errors of the shares."""
        return came[..., 1] * share[..., 0]

    def compute(self) -> jax.Array:
        """The part that is explained."""
        return 1 - self.against_shares


d2_log_loss_score = functional(D2LogLossScore, "d2_log_loss_score")
d2_brier_score = functional(D2BrierScore, "d2_brier_score")
