"""Average precision."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import Points
from jax_metrics.metrics.curves._curve import CurveScore
from jax_metrics.metrics.curves._function import function_of_scores


class AveragePrecision(CurveScore):
    """The mean of the precision over the recall, `sum((R[i] - R[i - 1]) * P[i])`.

    It is the area under the step function of the precision-recall curve. Without positive examples
    the value is NaN.

    See `CurveScore` and `Curve` for the options.

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

    def score(self, points: Points) -> jax.Array:
        """The average precision of each curve."""
        points = points.completed()
        return (jnp.diff(points.tp) * points.precision[..., 1:]).sum(-1) / points.positive


average_precision = function_of_scores(AveragePrecision)
