"""The best value of one rate at a minimum of another one."""

from typing import NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between
from jax_metrics.metrics.curves._curve import Curve, CurveOptions
from jax_metrics.metrics.curves._function import function_of_scores


class OperatingPoint(NamedTuple):
    """The best value of a rate, and the threshold that gives it.

    The value of `RecallAtFixedPrecision` and similar metrics.

    Attributes:
        value: The rate, `[]`, or `[classes]`.
        threshold: Scores of at least this are predicted positive: none at infinity, all at 0.
    """

    value: jax.Array
    threshold: jax.Array


class RecallAtFixedPrecision(Curve):
    """The highest recall at a minimum precision.

    `compute` returns an `OperatingPoint`: the recall and its threshold, the highest of several
    equally good thresholds. If no threshold reaches the precision, the recall is 0 and the
    threshold is infinity; without positive examples both are NaN.

    Args:
        min_precision: The minimum precision.
        **options: See `Curve`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> metric = jm.metrics.RecallAtFixedPrecision(min_precision=0.6, thresholds=11)
        >>> point = metric(target=target, preds=preds)
        >>> float(point.value), round(float(point.threshold), 2)
        (1.0, 0.4)
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, *, min_precision: float, **options: Unpack[CurveOptions]):
        super().__init__(**options)
        between(0, 1, min_precision=min_precision)
        self.min_precision = min_precision

    def compute(self) -> OperatingPoint:
        """The recall, and the threshold."""
        points = self.points().completed()
        return _best(points.tpr, points.precision, self.min_precision, points.thresholds)


class PrecisionAtFixedRecall(Curve):
    """The highest precision at a minimum recall.

    `compute` returns an `OperatingPoint`: the precision and its threshold, the highest of several
    equally good thresholds; without positive examples both are NaN.

    Args:
        min_recall: The minimum recall.
        **options: See `Curve`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> point = jm.metrics.precision_at_fixed_recall(target, preds, min_recall=0.5)
        >>> float(point.value)
        1.0
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, *, min_recall: float, **options: Unpack[CurveOptions]):
        super().__init__(**options)
        between(0, 1, min_recall=min_recall)
        self.min_recall = min_recall

    def compute(self) -> OperatingPoint:
        """The precision, and the threshold."""
        points = self.points().completed()
        return _best(points.precision, points.tpr, self.min_recall, points.thresholds)


class SensitivityAtSpecificity(Curve):
    """The highest sensitivity (true positive rate) at a minimum specificity.

    `compute` returns an `OperatingPoint`: the sensitivity and its threshold, the highest of several
    equally good thresholds; both are NaN unless there are both positive and negative examples.

    Args:
        min_specificity: The minimum specificity (true negative rate).
        **options: See `Curve`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> point = jm.metrics.sensitivity_at_specificity(target, preds, min_specificity=0.5)
        >>> float(point.value)
        1.0
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, *, min_specificity: float, **options: Unpack[CurveOptions]):
        super().__init__(**options)
        between(0, 1, min_specificity=min_specificity)
        self.min_specificity = min_specificity

    def compute(self) -> OperatingPoint:
        """The sensitivity, and the threshold."""
        points = self.points().completed()
        return _best(points.tpr, points.specificity, self.min_specificity, points.thresholds)


class SpecificityAtSensitivity(Curve):
    """The highest specificity (true negative rate) at a minimum sensitivity.

    `compute` returns an `OperatingPoint`: the specificity and its threshold, the highest of several
    equally good thresholds; both are NaN unless there are both positive and negative examples.

    Args:
        min_sensitivity: The minimum sensitivity (true positive rate).
        **options: See `Curve`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> point = jm.metrics.specificity_at_sensitivity(target, preds, min_sensitivity=1.0)
        >>> float(point.value)
        0.5
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, *, min_sensitivity: float, **options: Unpack[CurveOptions]):
        super().__init__(**options)
        between(0, 1, min_sensitivity=min_sensitivity)
        self.min_sensitivity = min_sensitivity

    def compute(self) -> OperatingPoint:
        """The specificity, and the threshold."""
        points = self.points().completed()
        return _best(points.specificity, points.tpr, self.min_sensitivity, points.thresholds)


def _best(
    rate: jax.Array, bounded: jax.Array, minimum: float, thresholds: jax.Array
) -> OperatingPoint:
    """The highest rate where the bounded rate reaches its minimum, which also breaks ties."""
    # 33 / 55 is 0.6, but neither a float32 nor a compiled division has this value exactly.
    rounding = 4 * jnp.finfo(bounded.dtype).eps
    candidates = jnp.where(bounded >= minimum * (1 - rounding), rate, -1)
    value = candidates.max(-1, keepdims=True)
    index = jnp.argmax(jnp.where(candidates == value, bounded, -1), -1)[..., None]
    thresholds = jnp.broadcast_to(thresholds, rate.shape)
    threshold = jnp.take_along_axis(thresholds, index, -1)
    has_nan = jnp.isnan(rate).any(-1) | jnp.isnan(bounded).any(-1)
    return OperatingPoint(*(jnp.where(has_nan, jnp.nan, x[..., 0]) for x in (value, threshold)))


recall_at_fixed_precision = function_of_scores(RecallAtFixedPrecision)
precision_at_fixed_recall = function_of_scores(PrecisionAtFixedRecall)
sensitivity_at_specificity = function_of_scores(SensitivityAtSpecificity)
specificity_at_sensitivity = function_of_scores(SpecificityAtSensitivity)
