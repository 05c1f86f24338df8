"""Specificity and negative predictive value: recall and precision of the negative ones."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counts
from jax_metrics.metrics.classification._counting import Counting


class Specificity(Counting):
    """The share of those that are negative which was predicted so, `tn / (tn + fp)`.

    Also called true negative rate. See `Counting` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0.1, 0.9, 0.2, 0.8])
        >>> float(jm.metrics.Specificity()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.specificity(target, preds, threshold=0.85))
        1.0
    """

    def score(self, counts: Counts) -> jax.Array:
        """The share, for each class or for all together."""
        return self.ratio(counts.tn, counts.tn + counts.fp)


class NegativePredictiveValue(Counting):
    """The share of true ones among those predicted to be negative, `tn / (tn + fn)`.

    See `Counting` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0.1, 0.9, 0.2, 0.8])
        >>> float(jm.metrics.NegativePredictiveValue()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.negative_predictive_value(target, preds, threshold=0.15))
        1.0
    """

    def score(self, counts: Counts) -> jax.Array:
        """The share, for each class or for all together."""
        return self.ratio(counts.tn, counts.tn + counts.fn)


specificity = functional(Specificity)
negative_predictive_value = functional(NegativePredictiveValue)
