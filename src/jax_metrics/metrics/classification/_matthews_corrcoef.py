"""Matthews' correlation coefficient."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counted
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labels import LabelOptions


class MatthewsCorrCoef(Counted):
    """The correlation of target and predictions, from -1 to 1; 0 where either is constant.

    The covariance of the indicators of class k is `tp * tn - fp * fn`, over `n**2`, and their
    variances are `(tp + fn) * (tn + fp)` and `(tp + fp) * (tn + fn)`. Over classes they are summed:
    `sum(cov) / sqrt(sum(var_target) * sum(var_preds))`. Labels have all of theirs counted together.
    See `Labels` for the options.

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

    def __init__(self, **options: Unpack[LabelOptions]):
        super().__init__(options.get("num_labels") is not None, **options)

    def compute(self) -> jax.Array:
        """The coefficient."""
        # Shares of all do not overflow; nothing is a difference of nearly equal sums.
        count = self.counts.all
        tp, fp, fn, tn = (divide(part, count, 0.0) for part in self.counts)
        covariance = (tp * tn - fp * fn).sum()
        of_target = ((tp + fn) * (tn + fp)).sum()
        of_preds = ((tp + fp) * (tn + fn)).sum()
        spread = jnp.sqrt(of_target) * jnp.sqrt(of_preds)
        if self.labels.num_classes is not None:  # rounded weights may leave some to constant ones
            constant = [((one != 0).sum() <= 1) for one in (tp + fn, tp + fp)]
            spread = jnp.where(constant[0] | constant[1], 0, spread)
        return divide(covariance, spread, 0.0)


matthews_corrcoef = functional(MatthewsCorrCoef)
