"""F scores: the harmonic mean of precision and recall."""

import math
from typing import Unpack

import jax

from jax_metrics.arguments import between
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting, CountingOptions
from jax_metrics.metrics.classification._outcomes import Outcomes


class FBetaScore(Counting):
    """The weighted harmonic mean of precision and recall: recall has `beta**2` times the weight.

    `(1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp)`.

    Args:
        beta: 0 gives precision, infinity recall.
        **options: See `Counting`.

    Source: van Rijsbergen: Information Retrieval (1979).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0, 1, 0, 0])
        >>> float(jm.metrics.FBetaScore(beta=1.0)(target=target, preds=preds))
        0.6666666865348816
        >>> float(jm.metrics.fbeta_score(target, preds, beta=0.0))
        1.0
    """

    def __init__(self, *, beta: float, **options: Unpack[CountingOptions]):
        super().__init__(**options)
        between(0, math.inf, beta=beta)
        self.beta = beta

    def score(self, counts: Outcomes) -> jax.Array:
        """The score, for each class or for all together."""
        precision_weight = 1 / (1 + self.beta**2)
        wrong = (1 - precision_weight) * counts.fn + precision_weight * counts.fp
        return self.ratio(counts.tp, counts.tp + wrong)


class F1Score(Counting):
    """The harmonic mean of precision and recall, `2 * tp / (2 * tp + fp + fn)`.

    See `Counting` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0, 1, 0, 0])
        >>> float(jm.metrics.F1Score()(target=target, preds=preds))
        0.6666666865348816
        >>> float(jm.metrics.f1_score(target, 1 - target))
        0.0
    """

    def score(self, counts: Outcomes) -> jax.Array:
        """The score, for each class or for all together."""
        return self.ratio(2 * counts.tp, counts.support + counts.predicted)


fbeta_score = functional(FBetaScore, "fbeta_score")
f1_score = functional(F1Score)
