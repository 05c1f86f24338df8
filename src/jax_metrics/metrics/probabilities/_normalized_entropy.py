"""Normalized entropy: log loss against that of knowing the shares alone."""

import jax

from jax_metrics.arguments import safe_log
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.probabilities._against_shares import AgainstShares
from jax_metrics.metrics.probabilities._log_loss import LogLoss


class NormalizedEntropy(AgainstShares, LogLoss):
    """The log loss, divided by that of always predicting how often each label or class came.

    Below 1 the predictions know more than the shares do. NaN where all targets are the same.

    See `LogLoss` for the options.

    Source: He et al., Practical Lessons from Predicting Clicks on Ads at Facebook, 2014.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.25, 0.75, 0.25, 0.75])
        >>> round(float(jm.metrics.NormalizedEntropy()(target=target, preds=preds)), 4)
        0.415
        >>> round(float(jm.metrics.normalized_entropy(target, preds)), 4)
        0.415
    """

    def of_shares(self, came: jax.Array, share: jax.Array) -> jax.Array:
        """The entropy."""
        terms = -came * safe_log(came, share)
        # Of classes, only one is right: the entropy has a term for each of them, and no other.
        return terms if self.labels.num_classes is None else terms[..., 1]

    def compute(self) -> jax.Array:
        """The quotient."""
        return self.against_shares


normalized_entropy = functional(NormalizedEntropy)
