"""Recall: how much of what is positive was called so."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counts
from jax_metrics.metrics.classification._counting import Counting


class Recall(Counting):
    """The share of those that are positive which was predicted so, `tp / (tp + fn)`.

    Also called sensitivity or true positive rate. See `Counting` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0.1, 0.9, 0.2, 0.8])
        >>> float(jm.metrics.Recall()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.recall(target, preds, threshold=0.15))
        1.0
    """

    def score(self, counts: Counts) -> jax.Array:
        """The share, for each class or for all together."""
        return self.ratio(counts.tp, counts.support)


recall = functional(Recall)
