"""Recall: the fraction of positives that are predicted positive."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._outcomes import Outcomes


class Recall(Counting):
    """The fraction of positives that are predicted positive, `tp / (tp + fn)`.

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

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Positives that are predicted positive, and all positives."""
        return counts.tp, counts.support


recall = functional(Recall)
