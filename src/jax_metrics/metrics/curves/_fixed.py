"""The best value of one rate where another one is held."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.curves._curve import Curve


class OperatingPoint(NamedTuple):
    """Where to set the threshold, and what that gives.

    Attributes:
        value: The rate that is sought, `[]`, or `[classes]`.
        threshold: The score from which on an example is called positive. It is infinity where none
            must be, and 0 where all must be.
    """

    value: jax.Array
    threshold: jax.Array


class RecallAtFixedPrecision(Curve):
    """The highest recall at which the precision is not below a given one.

    `compute` gives an `OperatingPoint`: the recall and its threshold, the highest where several
    serve. If none does, recall is 0 and the threshold infinity; without positive examples both are
    NaN.

    Args:
        min_precision: The precision that is asked for.
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

    def __init__(self, *, min_precision: float, **options: Any):
        super().__init__(**options)
        between(0, 1, min_precision=min_precision)
        self.min_precision = min_precision

    def compute(self) -> OperatingPoint:
        """The recall, and the threshold."""
        points = self.points().completed()
        return _best(points.tpr, points.precision, self.min_precision, points.thresholds)


class PrecisionAtFixedRecall(Curve):
    """The highest precision at which the recall is not below a given one.

    `compute` gives an `OperatingPoint`: the precision and its threshold, the highest where several
    serve; without positive examples both are NaN.

    Args:
        min_recall: The recall that is asked for.
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

    def __init__(self, *, min_recall: float, **options: Any):
        super().__init__(**options)
        between(0, 1, min_recall=min_recall)
        self.min_recall = min_recall

    def compute(self) -> OperatingPoint:
        """The precision, and the threshold."""
        points = self.points().completed()
        return _best(points.precision, points.tpr, self.min_recall, points.thresholds)


class SensitivityAtSpecificity(Curve):
    """The highest sensitivity (true positive rate) where the specificity is not below a given one.

    `compute` gives an `OperatingPoint`: the sensitivity and its threshold, the highest where
    several serve; both are NaN unless there are examples of both kinds.

    Args:
        min_specificity: The specificity (true negative rate) that is asked for.
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

    def __init__(self, *, min_specificity: float, **options: Any):
        super().__init__(**options)
        between(0, 1, min_specificity=min_specificity)
        self.min_specificity = min_specificity

    def compute(self) -> OperatingPoint:
        """The sensitivity, and the threshold."""
        points = self.points().completed()
        return _best(points.tpr, points.specificity, self.min_specificity, points.thresholds)


class SpecificityAtSensitivity(Curve):
    """The highest specificity (true negative rate) where the sensitivity is not below a given one.

    `compute` gives an `OperatingPoint`: the specificity and its threshold, the highest where
    several serve; both are NaN unless there are examples of both kinds.

    Args:
        min_sensitivity: The sensitivity (true positive rate) that is asked for.
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

    def __init__(self, *, min_sensitivity: float, **options: Any):
        super().__init__(**options)
        between(0, 1, min_sensitivity=min_sensitivity)
        self.min_sensitivity = min_sensitivity

    def compute(self) -> OperatingPoint:
        """The specificity, and the threshold."""
        points = self.points().completed()
        return _best(points.specificity, points.tpr, self.min_sensitivity, points.thresholds)


def _best(
    sought: jax.Array, held: jax.Array, at_least: float, thresholds: jax.Array
) -> OperatingPoint:
    """The highest of the one where the other is enough; of equal ones that with most of it."""
    # 33 of 55 are 0.6, which neither float32 nor a compiled division says exactly.
    rounding = 4 * jnp.finfo(held.dtype).eps
    candidates = jnp.where(held >= at_least * (1 - rounding), sought, -1)
    value = candidates.max(-1, keepdims=True)
    place = jnp.argmax(jnp.where(candidates == value, held, -1), -1)[..., None]
    thresholds = jnp.broadcast_to(thresholds, sought.shape)
    threshold = jnp.take_along_axis(thresholds, place, -1)
    wrong = jnp.isnan(sought).any(-1) | jnp.isnan(held).any(-1)
    return OperatingPoint(*(jnp.where(wrong, jnp.nan, x[..., 0]) for x in (value, threshold)))


recall_at_fixed_precision = functional(RecallAtFixedPrecision)
precision_at_fixed_recall = functional(PrecisionAtFixedRecall)
sensitivity_at_specificity = functional(SensitivityAtSpecificity)
specificity_at_sensitivity = functional(SpecificityAtSensitivity)
