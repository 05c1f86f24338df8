"""Specificity and negative predictive value: recall and precision of the negatives."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._outcomes import Outcomes


class Specificity(Counting):
    """The fraction of negatives that are predicted negative, `tn / (tn + fp)`.

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

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Negatives that are predicted negative, and all negatives."""
        return counts.tn, counts.tn + counts.fp


class NegativePredictiveValue(Counting):
    """The fraction of negative predictions that are correct, `tn / (tn + fn)`.

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

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Correct negative predictions, and all negative predictions."""
        return counts.tn, counts.tn + counts.fn


specificity = functional(Specificity)
negative_predictive_value = functional(NegativePredictiveValue)
