"""The confusion matrix at each of several thresholds."""

from typing import NamedTuple

import jax

from jax_metrics.metrics.curves._curve import Curve
from jax_metrics.metrics.curves._function import function_of_scores


class Confusions(NamedTuple):
    """The confusion matrix at each threshold.

    The value of `ConfusionMatrixAtThresholds`.

    Attributes:
        tn: True negatives, `[points]`, or `[classes, points]`.
        fp: False positives, of the same shape.
        fn: False negatives.
        tp: True positives.
        thresholds: `[points]`, increasing; with classes and a capacity, `[classes, points]`.
    """

    tn: jax.Array
    fp: jax.Array
    fn: jax.Array
    tp: jax.Array
    thresholds: jax.Array


class ConfusionMatrixAtThresholds(Curve):
    """The numbers of true and false positives and negatives at each threshold.

    Scores of at least the threshold are predicted positive. With a capacity, equal scores and empty
    rows repeat a point, so that the shape is fixed. For one threshold see `StatScores`.

    See `Curve` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> metric = jm.metrics.ConfusionMatrixAtThresholds(thresholds=[0.3, 0.6])
        >>> counts = metric(target=target, preds=preds)
        >>> counts.tp, counts.fp
        (Array([2., 1.], dtype=float32), Array([1., 0.], dtype=float32))
        >>> jm.metrics.confusion_matrix_at_thresholds(target, preds, thresholds=[0.3, 0.6]).fn
        Array([0., 1.], dtype=float32)
    """

    plot_form = ("thresholds", "tp")

    def compute(self) -> Confusions:
        """The counts at each threshold, for each class or label."""
        points = self.points()
        counts = (points.tn, points.fp, points.fn, points.tp, points.thresholds)
        return Confusions(*(count[..., ::-1] for count in counts))


confusion_matrix_at_thresholds = function_of_scores(ConfusionMatrixAtThresholds)
