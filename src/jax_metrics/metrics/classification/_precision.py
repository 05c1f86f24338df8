"""Precision: how much of what was called positive is."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counts
from jax_metrics.metrics.classification._counting import Counting


class Precision(Counting):
    """The share of true ones among those predicted, `tp / (tp + fp)`.

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

    def score(self, counts: Counts) -> jax.Array:
        """The share, for each class or for all together."""
        return self.ratio(counts.tp, counts.tp + counts.fp)


precision = functional(Precision)
