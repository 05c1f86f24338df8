"""Average precision."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.counts import Points
from jax_metrics.metrics.curves._area import SUMMATION_METHODS, area
from jax_metrics.metrics.curves._curve import CurveScore, CurveScoreOptions
from jax_metrics.metrics.curves._function import function_of_scores


class AveragePrecision(CurveScore):
    """The mean of the precision over the recall, `sum((R[i] - R[i - 1]) * P[i])`.

    It is the area under the step function of the precision-recall curve. Without positive examples
    the value is NaN.

    Args:
        summation_method: What connects two points of the curve: `"step"`, the precision of the
            point of higher recall. Or as in `keras.metrics.AUC(curve="PR")`: `"interpolation"`,
            linear interpolation of true and of false positives, so that the precision in between is
            not a straight line; `"minoring"` and `"majoring"`, the lower and the higher precision
            of the two points, where the precision without positive predictions is 0.
        **options: See `CurveScore` and `Curve`.

    Raises:
        ValueError: If an option is unknown.

    Source: for `"interpolation"` Davis, Goadrich: The Relationship Between Precision-Recall and ROC
    Curves (2006).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> round(float(jm.metrics.AveragePrecision()(target=target, preds=preds)), 4)
        0.8333
        >>> round(float(jm.metrics.average_precision(target, preds, capacity=4)), 4)
        0.8333
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, *, summation_method: str = "step", **options: Unpack[CurveScoreOptions]):
        super().__init__(**options)
        one_of("summation_method", summation_method, ("step", *SUMMATION_METHODS))
        self.summation_method = summation_method

    def score(self, points: Points) -> jax.Array:
        """The area under each curve."""
        points = points.completed()
        if self.summation_method == "step":
            total = (jnp.diff(points.tp) * points.precision[..., 1:]).sum(-1)
        elif self.summation_method == "interpolation":
            total = _interpolated(points)
        else:
            precision = jnp.where(points.tp == 0, 0, points.precision)
            total = area(points.tp, precision, method=self.summation_method)
        return total / points.positive


def _interpolated(points: Points) -> jax.Array:
    """The area over the true positives, with both counts interpolated linearly between points."""
    true, false = jnp.diff(points.tp), jnp.diff(points.fp)
    both = true + false
    slope = true / jnp.where(both == 0, 1, both)
    before = points.tp[..., :-1], points.fp[..., :-1]
    # The intercept of the line through the segment, `tp - slope * (tp + fp)`, computed without that
    # difference of large products.
    rest = (1 - slope) * before[0] - slope * before[1]
    above = before[0] + before[1]
    growth = jnp.where(above == 0, 0, jnp.log1p(both / jnp.where(above == 0, 1, above)))
    return (slope * (true + rest * growth)).sum(-1)


average_precision = function_of_scores(AveragePrecision)
