"""Precision: the fraction of positive predictions that are correct."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._outcomes import Outcomes


class Precision(Counting):
    """The fraction of positive predictions that are correct, `tp / (tp + fp)`.

    See `Counting` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0.1, 0.9, 0.2, 0.8])
        >>> float(jm.metrics.Precision()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.precision(target, preds, threshold=0.85))
        1.0
    """

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Correct positive predictions, and all positive predictions."""
        return counts.tp, counts.tp + counts.fp


precision = functional(Precision)
