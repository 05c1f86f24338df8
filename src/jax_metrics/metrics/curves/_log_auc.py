"""Area under the ROC curve over the logarithm of the false positive rate."""

import math
from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import Points
from jax_metrics.metrics.curves._area import segments
from jax_metrics.metrics.curves._curve import CurveScore, CurveScoreOptions
from jax_metrics.metrics.curves._function import function_of_scores


class LogAUC(CurveScore):
    """The area under the ROC curve over `log(fpr)`, which emphasizes early errors.

    It is divided by the width of the range, so that it lies between 0 and 1. Points are connected
    by straight lines over the logarithm; at the ends of the range the curve is cut off along
    straight lines over the rate itself. The value is NaN unless there are both positive and
    negative examples.

    Args:
        fpr_range: The lowest and the highest false positive rate.
        **options: See `CurveScore` and `Curve`.

    Source: Mysinger, Shoichet: Rapid context-dependent ligand desolvation in molecular docking,
    2010.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> round(float(jm.metrics.LogAUC()(target=target, preds=preds)), 4)
        0.5
        >>> round(float(jm.metrics.log_auc(target, preds, capacity=4)), 4)
        0.5
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(
        self, *, fpr_range: tuple[float, float] = (0.001, 0.1), **options: Unpack[CurveScoreOptions]
    ):
        super().__init__(**options)
        low, high = fpr_range
        if not 0 < low < high <= 1:
            raise ValueError(
                f"fpr_range must be two increasing numbers above 0 and up to 1; got {fpr_range}."
            )
        self.fpr_range = (low, high)

    def score(self, points: Points) -> jax.Array:
        """The area of each curve."""
        low, high = self.fpr_range
        points = points.completed()
        left, right, start, end = segments(points.fpr, points.tpr, low, high)
        width = jnp.log(right / left)
        return (width * (start + end)).sum(-1) / 2 / math.log(high / low)


log_auc = function_of_scores(LogAUC, "log_auc")
