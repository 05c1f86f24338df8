"""Likelihood ratios: how a prediction changes the odds."""

import math
from typing import Unpack

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._outcomes import Outcomes
from jax_metrics.metrics.inputs import LabelOptions


class LikelihoodRatio(Counting):
    """The base of both likelihood ratios.

    Args:
        average: As in `Counting`.
        zero_division: The value where the denominator is zero; NaN leaves a class out of the mean.
        **options: See `Labels`.
    """

    bounds = (0, None)

    def __init__(
        self,
        *,
        average: str | None = "macro",
        zero_division: float = math.nan,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(average=average, zero_division=zero_division, **options)


class PositiveLikelihoodRatio(LikelihoodRatio):
    """How much more often positives than negatives are predicted positive, `tpr / fpr`.

    A positive prediction multiplies the odds of being positive by this ratio: 1 is uninformative,
    higher is better. NaN where there are no false positives.

    See `LikelihoodRatio` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1, 0]), jnp.array([1, 1, 0, 0, 0])
        >>> float(jm.metrics.PositiveLikelihoodRatio()(target=target, preds=preds))
        1.5
        >>> float(jm.metrics.positive_likelihood_ratio(target, preds))
        1.5
    """

    def score(self, counts: Outcomes) -> jax.Array:
        """The ratio, for each class or for all together."""
        counts = counts.scaled()
        return self.ratio(counts.tp * (counts.fp + counts.tn), counts.fp * counts.support)


class NegativeLikelihoodRatio(LikelihoodRatio):
    """How much more often positives than negatives are predicted negative, `fnr / tnr`.

    A negative prediction multiplies the odds of being positive by this ratio: 1 is uninformative,
    lower is better. NaN where there are no true negatives.

    See `LikelihoodRatio` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1, 0]), jnp.array([1, 1, 0, 0, 0])
        >>> float(jm.metrics.NegativeLikelihoodRatio()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.negative_likelihood_ratio(target, preds))
        0.75
    """

    higher_is_better = False

    def score(self, counts: Outcomes) -> jax.Array:
        """The ratio, for each class or for all together."""
        counts = counts.scaled()
        return self.ratio(counts.fn * (counts.fp + counts.tn), counts.tn * counts.support)


positive_likelihood_ratio = functional(PositiveLikelihoodRatio)
negative_likelihood_ratio = functional(NegativeLikelihoodRatio)
