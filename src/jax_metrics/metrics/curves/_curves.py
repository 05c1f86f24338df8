"""The curves themselves: precision-recall, receiver operating characteristic, error tradeoff."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.metrics.curves._curve import Curve
from jax_metrics.metrics.curves._function import function_of_scores


class PrecisionRecall(NamedTuple):
    """A precision-recall curve.

    The value of `PrecisionRecallCurve`.

    Attributes:
        precision: `[points + 1]`, or `[classes, points + 1]`.
        recall: Of the same shape, decreasing.
        thresholds: `[points]`, increasing; with classes and a capacity, `[classes, points]`.
    """

    precision: jax.Array
    recall: jax.Array
    thresholds: jax.Array


class PrecisionRecallCurve(Curve):
    """Precision and recall at each threshold, from the lowest one to the highest.

    The last point, with precision 1 and recall 0, has no threshold. Precision is 1 where no score
    reaches the threshold; recall is NaN without positive examples. With a capacity, equal scores
    and empty rows repeat a point, so that the shape is fixed.

    See `Curve` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> curve = jm.metrics.PrecisionRecallCurve(thresholds=3)(target=target, preds=preds)
        >>> curve.recall, curve.thresholds
        (Array([1. , 0.5, 0. , 0. ], dtype=float32), Array([0. , 0.5, 1. ], dtype=float32))
        >>> jm.metrics.precision_recall_curve(target, preds, thresholds=3).precision
        Array([0.5, 0.5, 1. , 1. ], dtype=float32)
    """

    bounds = (0, 1)
    plot_form = ("recall", "precision")

    def compute(self) -> PrecisionRecall:
        """The curve, or one for each class or label."""
        points = self.points()
        end = jnp.ones_like(points.tp[..., :1])
        return PrecisionRecall(
            jnp.concatenate([points.precision[..., ::-1], end], -1),
            jnp.concatenate([points.tpr[..., ::-1], 0 * end], -1),
            points.thresholds[..., ::-1],
        )


class Characteristic(NamedTuple):
    """A receiver operating characteristic.

    The value of `ROC`.

    Attributes:
        fpr: False positive rates, `[points + 1]`, or `[classes, points + 1]`, increasing.
        tpr: True positive rates, of the same shape.
        thresholds: `[points + 1]`, decreasing from infinity; with classes and a capacity,
            `[classes, points + 1]`.
    """

    fpr: jax.Array
    tpr: jax.Array
    thresholds: jax.Array


class ROC(Curve):
    """True and false positive rates at each threshold, from infinity to the lowest one.

    The rates are NaN where they are undefined: true positive and false negative rates without
    positive examples, false positive rates without negative ones. With a capacity, equal scores and
    empty rows repeat a point, so that the shape is fixed.

    See `Curve` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> curve = jm.metrics.ROC(thresholds=3)(target=target, preds=preds)
        >>> curve.fpr, curve.tpr
        (Array([0. , 0. , 0.5, 1. ], dtype=float32), Array([0. , 0. , 0.5, 1. ], dtype=float32))
        >>> jm.metrics.roc(target, preds, thresholds=3).thresholds
        Array([inf, 1. , 0.5, 0. ], dtype=float32)
    """

    bounds = (0, 1)
    plot_form = ("fpr", "tpr")

    def compute(self) -> Characteristic:
        """The curve, or one for each class or label."""
        points = self.points().completed()
        return Characteristic(
            points.fpr[..., :-1], points.tpr[..., :-1], points.thresholds[..., :-1]
        )


class DetectionErrorTradeoff(NamedTuple):
    """A detection error tradeoff curve.

    The value of `DET`.

    Attributes:
        fpr: False positive rates, `[points + 1]`, or `[classes, points + 1]`, decreasing.
        fnr: False negative rates, of the same shape, increasing.
        thresholds: `[points + 1]`, increasing to infinity; with classes and a capacity,
            `[classes, points + 1]`.
    """

    fpr: jax.Array
    fnr: jax.Array
    thresholds: jax.Array


class DET(Curve):
    """False positive and false negative rates at each threshold, from the lowest one to infinity.

    The rates are NaN where they are undefined: true positive and false negative rates without
    positive examples, false positive rates without negative ones. With a capacity, equal scores and
    empty rows repeat a point, so that the shape is fixed.

    See `Curve` for the options.

    Source: Martin et al., The DET Curve in Assessment of Detection Task Performance, 1997.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> curve = jm.metrics.DET(thresholds=3)(target=target, preds=preds)
        >>> curve.fpr, curve.fnr
        (Array([1. , 0.5, 0. , 0. ], dtype=float32), Array([0. , 0.5, 1. , 1. ], dtype=float32))
        >>> jm.metrics.det(target, preds, thresholds=3).thresholds
        Array([0. , 0.5, 1. , inf], dtype=float32)
    """

    bounds = (0, 1)
    plot_form = ("fpr", "fnr")

    def compute(self) -> DetectionErrorTradeoff:
        """The curve, or one for each class or label."""
        points = self.points().completed()
        increasing = (x[..., -2::-1] for x in (points.fpr, points.fnr, points.thresholds))
        return DetectionErrorTradeoff(*increasing)


precision_recall_curve = function_of_scores(PrecisionRecallCurve)
det = function_of_scores(DET, "det")
