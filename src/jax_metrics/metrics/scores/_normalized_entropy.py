"""Normalized entropy: log loss relative to always predicting the class frequencies."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.scores._log_loss import LogLoss, LogLossOptions
from jax_metrics.metrics.scores._relative_to_prior import RelativeToPrior


class NormalizedEntropy(RelativeToPrior, LogLoss):
    """The log loss divided by the log loss of always predicting the class frequencies.

    Below 1, predictions are better than the class frequencies. NaN where all targets are the same.

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

    def __init__(self, **options: Unpack[LogLossOptions]):
        super().__init__(**options)

    def prior_costs(self, counts: jax.Array, frequencies: jax.Array) -> jax.Array:
        """The entropy of the targets."""
        others = counts[..., ::-1]
        # The logarithm of a rounded frequency would not be 0 where all targets are the same.
        log = -jnp.log1p(others / jnp.where(counts == 0, 1, counts))
        terms = -counts * jnp.where(counts == 0, 0, log)
        # The entropy of classes has one term for each class; the entropy of a label also has one
        # for 0.
        return terms if self.labels.num_classes is None else terms[..., 1]

    def compute(self) -> jax.Array:
        """The normalized entropy."""
        return self.relative_cost


normalized_entropy = functional(NormalizedEntropy)
