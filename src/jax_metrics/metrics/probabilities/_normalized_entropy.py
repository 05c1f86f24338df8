"""Normalized entropy: log loss against that of knowing the shares alone."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import log_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.probabilities._log_loss import LogLoss
from jax_metrics.metrics.probabilities._scores import one_versus_rest, read_scores
from jax_metrics.metrics.state import Total


class NormalizedEntropy(LogLoss):
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

    def compute(self) -> jax.Array:
        """The quotient."""
        came = self.came.value
        share = came / came.sum(-1, keepdims=True)
        terms = -came * log_of(came, share)
        # Of classes, only one is right: the entropy has a term for each of them, and no other.
        entropy = (terms if self.labels.num_classes is None else terms[..., 1]).sum()
        return jnp.where(entropy == 0, jnp.nan, self.total.value / entropy)


normalized_entropy = functional(NormalizedEntropy)
