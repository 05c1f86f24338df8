"""`BestThreshold`: the threshold of scores where a rate of the predictions is best."""

from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.counts import Points, divide
from jax_metrics.metrics.curves._curve import Curve, CurveOptions
from jax_metrics.metrics.curves._fixed import OperatingPoint
from jax_metrics.metrics.curves._function import function_of_scores


def _accuracy(points: Points) -> jax.Array:
    return divide(points.tp + points.tn, (points.positive + points.negative)[..., None], jnp.nan)


def _f1(points: Points) -> jax.Array:
    return divide(2 * points.tp, points.tp + points.fp + points.positive[..., None], 0.0)


def _matthews(points: Points) -> jax.Array:
    # By rates, which do not overflow, and are exact where all counts are alike. Those of the
    # smaller of both sides are small numbers, so that their difference loses no digits.
    total = points.positive + points.negative
    above, below = (
        divide(count, total[..., None], jnp.nan)
        for count in (points.tp + points.fp, points.tn + points.fn)
    )
    positive, negative = (
        divide(count, total, jnp.nan)[..., None] for count in (points.positive, points.negative)
    )
    share, spread = jnp.sqrt(above * below), jnp.sqrt(positive * negative)
    difference = jnp.where(above <= below, points.tpr - points.fpr, points.specificity - points.fnr)
    return divide(difference * spread, share, 0.0)


_CRITERIA: dict[str, Callable[[Points], jax.Array]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": lambda points: (points.tpr + points.specificity) / 2,
    "f1": _f1,
    "matthews": _matthews,
    "youden": lambda points: points.tpr - points.fpr,
}


class BestThreshold(Curve):
    """The threshold with the best value of a criterion, and that value.

    `compute` returns an `OperatingPoint`: the value of the criterion and its threshold, the highest
    of several thresholds that are equally good but for rounding errors. Scores of at least the
    threshold are predicted positive.
    Choose it on validation data: on the data that it was chosen on, the value is too optimistic.

    Criteria: `"accuracy"`; `"balanced_accuracy"`, the mean of sensitivity and specificity; `"f1"`;
    `"matthews"`, the correlation coefficient; `"youden"`, sensitivity + specificity - 1; or a
    function of `Points`, such as `lambda points: points.tpr - 5 * points.fpr`. The value is NaN
    unless there are both positive and negative examples.

    Args:
        criterion: What to maximize.
        **options: See `Curve`.

    Raises:
        ValueError: If the criterion is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([0.1, 0.4, 0.35, 0.8])
        >>> point = jm.metrics.best_threshold(target, preds, criterion="f1")
        >>> round(float(point.value), 2), round(float(point.threshold), 2)
        (0.8, 0.35)
    """

    higher_is_better = True

    def __init__(
        self,
        *,
        criterion: str | Callable[[Points], jax.Array] = "f1",
        **options: Unpack[CurveOptions],
    ):
        super().__init__(**options)
        if isinstance(criterion, str) or not callable(criterion):
            one_of("criterion", criterion, tuple(_CRITERIA))
        self.criterion: Any = criterion

    def compute(self) -> OperatingPoint:
        """The value, and the threshold."""
        points = self.points().completed()
        criterion = self.criterion
        rates = (_CRITERIA[criterion] if isinstance(criterion, str) else criterion)(points)
        index = _first_best(jnp.where(jnp.isnan(rates), -jnp.inf, rates))
        thresholds = jnp.broadcast_to(points.thresholds, rates.shape)
        defined = (points.positive > 0) & (points.negative > 0)
        return OperatingPoint(
            *(
                jnp.where(defined, jnp.take_along_axis(x, index, -1)[..., 0], jnp.nan)
                for x in (rates, thresholds)
            )
        )


def _first_best(values: jax.Array) -> jax.Array:
    """The first index of the last axis with the largest value, which stays as an axis of size 1."""
    best = values.max(-1, keepdims=True)
    # Differences of rates, such as 2/3 - 1/3 and 1/3 - 0, are equal but for rounding errors.
    rounding = 4 * jnp.finfo(values.dtype).eps * jnp.maximum(1, jnp.abs(best))
    return jnp.argmax((values >= best - rounding) | (values == best), -1, keepdims=True)


best_threshold = function_of_scores(BestThreshold)
