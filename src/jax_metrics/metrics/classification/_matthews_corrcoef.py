"""Matthews' correlation coefficient."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.classification._outcomes import (
    Outcomes,
    add_outcomes,
    count_outcomes,
    zero_outcomes,
)
from jax_metrics.metrics.counts import divide, geometric_mean
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class MatthewsCorrCoef(LabelMetric):
    """The correlation of target and predictions, from -1 to 1; 0 where either is constant.

    The indicators of class k in target and predictions have the covariance `tp * tn - fp * fn` and
    the variances `(tp + fn) * (tn + fp)` and `(tp + fp) * (tn + fn)`, each divided by `n**2`. With
    classes, these are summed over the classes: `sum(cov) / sqrt(sum(var_target) * sum(var_preds))`.
    With labels, all labels are counted together. See `Labels` for the options.

    Sources: Matthews: Comparison of the Predicted and Observed Secondary Structure of T4 Phage
    Lysozyme (1975). Gorodkin: Comparing Two K-Category Assignments by a K-Category Correlation
    Coefficient (2004).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0, 1, 0, 0])
        >>> float(jm.metrics.MatthewsCorrCoef()(target=target, preds=preds))
        0.5773502588272095
        >>> float(jm.metrics.matthews_corrcoef(target, preds, num_classes=3))
        0.5773502588272095
    """

    higher_is_better = True
    bounds = (-1, 1)
    outcomes: Total

    def __init__(self, **options: Unpack[LabelOptions]):
        super().__init__(**options)
        self.together = self.labels.num_labels is not None
        self.outcomes = zero_outcomes(self.labels, self.dtype, together=self.together)

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        outcomes, fault = count_outcomes(batch, self.labels, together=self.together)
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def compute(self) -> jax.Array:
        """The coefficient."""
        counts = Outcomes(*self.outcomes.value)
        # Fractions cannot overflow, and no value is a difference of nearly equal sums.
        tp, fp, fn, tn = (divide(count, counts.all, 0.0) for count in counts)
        covariance = (tp * tn - fp * fn).sum()
        target_variance = ((tp + fn) * (tn + fp)).sum()
        preds_variance = ((tp + fp) * (tn + fn)).sum()
        spread = geometric_mean(target_variance, preds_variance)
        if self.labels.num_classes is not None:  # rounded weights may leave constants some variance
            constant = [((one != 0).sum() <= 1) for one in (tp + fn, tp + fp)]
            spread = jnp.where(constant[0] | constant[1], 0, spread)
        return divide(covariance, spread, 0.0)


matthews_corrcoef = functional(MatthewsCorrCoef, "matthews_corrcoef")
