"""Dice scores."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification import LabelMetric, Outcomes
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import LabelOptions
from jax_metrics.metrics.segmentation._region_score import RegionScore
from jax_metrics.metrics.segmentation._regions import outcomes_of_samples, weights_of_samples
from jax_metrics.metrics.state import Total

_WEIGHTS = {"square": 2, "simple": 1, "linear": 0}


class DiceScore(RegionScore):
    """Dice's coefficient, `2 * |A & B| / (|A| + |B|)`: the F1 score in segmentation.

    By default the pixels of all samples are counted together. See `RegionScore` for the options.

    Source: Dice: Measures of the Amount of Ecologic Association Between Species (1945).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 1], [1, 1]]), jnp.array([[0, 0], [1, 1]])
        >>> float(jm.metrics.DiceScore()(target=target, preds=preds))
        0.800000011920929
        >>> jm.metrics.dice_score(target, preds, num_classes=2, average=None)
        Array([0.6666667, 0.8      ], dtype=float32)
        >>> options = dict(num_classes=2, average=None, aggregation_level="samplewise")
        >>> jm.metrics.dice_score(target, preds, **options)
        Array([0.6666667, 0.5      ], dtype=float32)
    """

    def score(self, counts: Outcomes) -> jax.Array:
        """The score, for each class or for all together."""
        return self.ratio(2 * counts.tp, counts.support + counts.predicted)


class GeneralizedDiceScore(LabelMetric):
    """The mean over samples of `2 * sum(w * |A & B|) / sum(w * (|A| + |B|))` over the classes.

    The weight `w` of a class is `1 / |A|**2`, where A is the true region of the sample, so that
    small regions count as much as large ones; a class that a target lacks has the largest weight of
    the classes that it has. Samples with neither true nor predicted pixels are left out.

    Args:
        include_background: Whether class 0 counts.
        per_class: Whether to return the mean Dice score of each class, over the samples with this
            class in target or predictions.
        weight_type: `"square"`, or `"simple"` for `1 / |A|`, or `"linear"` for 1.
        **options: See `Labels`, with samples along the first axis as in `RegionScore`.

    Source: Sudre et al., Generalised Dice Overlap, https://arxiv.org/abs/1707.03237, 2017.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 0, 0, 1]]), jnp.array([[0, 0, 1, 1]])
        >>> metric = jm.metrics.GeneralizedDiceScore(num_classes=2)
        >>> round(float(metric(target=target, preds=preds)), 4)
        0.6875
        >>> jm.metrics.generalized_dice_score(target, preds, num_classes=2, per_class=True)
        Array([0.8      , 0.6666667], dtype=float32)
    """

    higher_is_better = True
    bounds = (0, 1)
    total: Total
    weight: Total

    def __init__(
        self,
        *,
        include_background: bool = True,
        per_class: bool = False,
        weight_type: str = "square",
        **options: Unpack[LabelOptions],
    ):
        super().__init__(**options)
        one_of("weight_type", weight_type, tuple(_WEIGHTS))
        classes = (self.labels.shape or (1,))[0]
        self.first = 0 if include_background or classes == 1 else 1
        self.per_class = per_class
        self.weight_type = weight_type
        shape = (classes - self.first,) if per_class else ()
        self.total = Total.zeros(shape, self.dtype)
        self.weight = Total.zeros(shape, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; `sample_weight` has one number for each sample."""
        batch = self.labels.compare(target, preds, None, mask)
        outcomes = outcomes_of_samples(batch, self.labels)
        tp, fp, fn = (x[:, self.first :].astype(float) for x in outcomes[:3])
        size, both = tp + fn, 2 * tp + fp + fn
        numerator, denominator = 2 * tp, both
        if not self.per_class:
            power = _WEIGHTS[self.weight_type]
            factor = jnp.where(size > 0, 1 / jnp.maximum(size, 1) ** power, 0)
            largest = factor.max(-1, keepdims=True)
            factor = jnp.where(size > 0, factor, jnp.where(largest > 0, largest, 1))
            numerator, denominator = (factor * numerator).sum(-1), (factor * denominator).sum(-1)
        weight = weights_of_samples(len(size), sample_weight)
        weight = weight.reshape(-1, *(1,) * (numerator.ndim - 1)) * (denominator > 0)
        scores = divide(numerator, denominator, 0.0) * weight
        self.total = (self.total + scores.sum(0)).marked(check_rules(batch.rules))
        self.weight += weight.sum(0)

    def compute(self) -> jax.Array:
        """The mean score, or the mean of each class; NaN before the first update."""
        return self.total.value / self.weight.value


dice_score = functional(DiceScore)
generalized_dice_score = functional(GeneralizedDiceScore)
