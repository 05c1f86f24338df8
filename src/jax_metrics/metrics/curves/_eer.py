"""Equal error rate."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import Points
from jax_metrics.metrics.curves._curve import CurveScore
from jax_metrics.metrics.curves._function import function_of_scores


class EER(CurveScore):
    """The equal error rate: the error rate where false positive and false negative rate are equal.

    It is where the ROC curve, with straight lines between its points, crosses `tpr = 1 - fpr`. The
    value is NaN unless there are both positive and negative examples.

    See `CurveScore` and `Curve` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> float(jm.metrics.EER()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.eer(target, preds, capacity=4))
        0.5
    """

    higher_is_better = False
    bounds = (0, 1)

    def score(self, points: Points) -> jax.Array:
        """The rate of each curve."""
        points = points.completed()
        fpr = points.fpr
        excess = fpr - points.fnr
        after = jnp.argmax(excess >= 0, -1, keepdims=True)  # never the first point, which has -1
        before = jnp.maximum(after - 1, 0)
        (low, low_rate), (high, high_rate) = (
            (jnp.take_along_axis(excess, i, -1), jnp.take_along_axis(fpr, i, -1))
            for i in (before, after)
        )
        rate = low_rate + (high_rate - low_rate) * (-low / (high - low))
        defined = (points.positive > 0) & (points.negative > 0)
        return jnp.where(defined, rate[..., 0], jnp.nan)


eer = function_of_scores(EER, "eer")
