"""Area under the receiver operating characteristic."""

from typing import Unpack

import jax

from jax_metrics.metrics.counts import Points
from jax_metrics.metrics.curves._area import area
from jax_metrics.metrics.curves._curve import CurveOptions, CurveScore
from jax_metrics.metrics.curves._function import function_of_scores


class AUROC(CurveScore):
    """The area under the ROC curve: how often a positive example scores above a negative one.

    Equal scores count half, as do scores in the same bin unless a `capacity` is given. The value is
    NaN unless there are both positive and negative examples.

    Args:
        average: See `CurveScore`.
        max_fpr: Restricts the area to false positive rates up to this one, and rescales it so that
            chance is 0.5 and perfection is 1.
        **options: See `Curve`.

    Source: Fawcett, An introduction to ROC analysis, 2006; for `max_fpr` McClish, Analyzing a
    Portion of the ROC Curve, 1989.

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

    def __init__(
        self,
        *,
        average: str | None = "macro",
        max_fpr: float | None = None,
        **options: Unpack[CurveOptions],
    ):
        super().__init__(average=average, **options)
        if max_fpr is not None and not 0 < max_fpr <= 1:
            raise ValueError(f"max_fpr must be greater than 0 and at most 1, but is {max_fpr}.")
        self.max_fpr = max_fpr

    def score(self, points: Points) -> jax.Array:
        """The area under each curve."""
        points = points.completed()
        # The area of counts, not of rates, whose differences would be mostly rounding errors.
        if self.max_fpr is None or self.max_fpr == 1:
            return area(points.fp, points.tp) / points.positive / points.negative
        high = self.max_fpr * points.negative[..., None]
        partial = area(points.fp, points.tp, 0.0, high) / points.positive / points.negative
        chance = self.max_fpr**2 / 2
        return (1 + (partial - chance) / (self.max_fpr - chance)) / 2


auroc = function_of_scores(AUROC, "auroc")
