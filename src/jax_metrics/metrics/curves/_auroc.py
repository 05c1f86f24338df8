"""Area under the receiver operating characteristic."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.counts import Points, average_scores
from jax_metrics.metrics.curves._area import SUMMATION_METHODS, area
from jax_metrics.metrics.curves._curve import CurveOptions, CurveScore
from jax_metrics.metrics.curves._function import function_of_scores
from jax_metrics.metrics.curves._one_versus_one import one_versus_one
from jax_metrics.metrics.curves._score_state import ExactScores


class AUROC(CurveScore):
    """The area under the ROC curve: how often a positive example scores above a negative one.

    Equal scores count half, as do scores in the same bin unless a `capacity` is given. The value is
    NaN unless there are both positive and negative examples.

    Args:
        average: See `CurveScore`.
        max_fpr: Restricts the area to false positive rates up to this one, and rescales it so that
            chance is 0.5 and perfection is 1.
        summation_method: What connects two points of the curve: `"interpolation"` a straight line,
            `"minoring"` steps at the lower of the two, `"majoring"` steps at the higher.
        multi_class: With classes, `"ovr"` compares each class with the rest, `"ovo"` each pair of
            classes, on the examples of these two alone, which does not depend on how frequent
            classes are. The average is then over the pairs, `"weighted"` by their number of
            examples; None returns the values of all pairs, `[classes, classes]`. It needs a
            capacity.
        **options: See `Curve`.

    Raises:
        ValueError: If an option is unknown, or cannot be combined with `multi_class="ovo"`.

    Source: Fawcett, An introduction to ROC analysis, 2006; for `max_fpr` McClish, Analyzing a
    Portion of the ROC Curve, 1989; for `"ovo"` Hand and Till, A Simple Generalisation of the Area
    Under the ROC Curve for Multiple Class Classification Problems, 2001.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
        >>> float(jm.metrics.AUROC()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.auroc(target, preds, capacity=4))
        0.75
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(
        self,
        *,
        average: str | None = "macro",
        max_fpr: float | None = None,
        summation_method: str = "interpolation",
        multi_class: str = "ovr",
        **options: Unpack[CurveOptions],
    ):
        super().__init__(average=average, **options)
        one_of("summation_method", summation_method, SUMMATION_METHODS)
        one_of("multi_class", multi_class, ("ovr", "ovo"))
        if max_fpr is not None and not 0 < max_fpr <= 1:
            raise ValueError(f"max_fpr must be greater than 0 and at most 1, but is {max_fpr}.")
        self.max_fpr = max_fpr
        self.summation_method, self.multi_class = summation_method, multi_class
        if multi_class == "ovo":
            self._check_pairs()

    def _check_pairs(self) -> None:
        if self.labels.num_classes is None:
            raise ValueError('multi_class="ovo" compares pairs of classes: give `num_classes`.')
        if not isinstance(self.state, ExactScores):
            raise ValueError(
                'multi_class="ovo" needs the scores themselves: give a `capacity`, the maximum '
                "number of examples, instead of thresholds."
            )
        if self.average == "micro" or self.max_fpr is not None:
            raise ValueError(
                'multi_class="ovo" goes with average="macro", "weighted" or None, and without '
                f"max_fpr, but got average={self.average!r} and max_fpr={self.max_fpr}."
            )

    def score(self, points: Points) -> jax.Array:
        """The area under each curve."""
        points = points.completed().scaled()
        # The area of counts, not of rates, whose differences would be mostly rounding errors.
        if self.max_fpr is None or self.max_fpr == 1:
            total = area(points.fp, points.tp, method=self.summation_method)
            return total / points.positive / points.negative
        high = self.max_fpr * points.negative[..., None]
        partial = area(points.fp, points.tp, 0.0, high, self.summation_method)
        partial = partial / points.positive / points.negative
        chance = self.max_fpr**2 / 2
        return (1 + (partial - chance) / (self.max_fpr - chance)) / 2

    def compute(self) -> jax.Array:
        """The area, averaged per `average`."""
        if self.multi_class == "ovr" or not isinstance(self.state, ExactScores):
            return super().compute()
        scores, count = one_versus_one(self.state, self.score)
        if self.average is None:
            scores = jnp.where(jnp.isnan(count), jnp.nan, scores)
        else:
            scores = average_scores(scores.ravel(), count.ravel(), self.average, jnp.nan)
        return scores.astype(self.dtype)


auroc = function_of_scores(AUROC, "auroc")
