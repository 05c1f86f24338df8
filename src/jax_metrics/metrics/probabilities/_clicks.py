"""What is asked of predicted clicks: their rate, and whether it was foreseen."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._weights import counted, weights
from jax_metrics.metrics.classification._labels import as_labels
from jax_metrics.metrics.state import Total


class ClickThroughRate(WeightedMean):
    """The share of what was shown that was clicked; NaN before the first update.

    `update(clicks, sample_weight=None, mask=None)`: clicks are 0 or 1, in integers or booleans.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.ClickThroughRate().update(jnp.array([0, 1, 0, 0])).compute())
        0.25
        >>> float(jm.metrics.click_through_rate(jnp.array([0, 1, 0, 0])))
        0.25
    """

    higher_is_better = True

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)

    def update(self, clicks: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Takes clicks in."""
        clicks = as_labels("clicks", clicks)
        weight = weights(clicks.shape, sample_weight, mask, self.dtype)
        right = (clicks == 0) | (clicks == 1) | (weight == 0)
        self.add(clicks, sample_weight, mask)
        self.total += check(right, "clicks must be 0 or 1.")


class WeightedCalibration(Metric):
    """The sum of the predictions over that of the targets, `sum(w * preds) / sum(w * target)`.

    Above 1, more was foreseen than came. Target and predictions are numbers of the same shape; NaN
    where the targets sum to 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0.25, 0.75, 1.0, 0.5])
        >>> float(jm.metrics.WeightedCalibration()(target=target, preds=preds))
        1.25
        >>> float(jm.metrics.weighted_calibration(target, preds))
        1.25
    """

    foreseen: Total
    came: Total

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.foreseen = Total.zeros((), self.dtype)
        self.came = Total.zeros((), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in."""
        target, preds = pair(target, preds)
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        self.foreseen += (counted(preds, weight) * weight).sum()
        self.came += (counted(target, weight) * weight).sum()

    def compute(self) -> jax.Array:
        """The quotient."""
        came = self.came.value
        return jnp.where(came == 0, jnp.nan, self.foreseen.value / came)


click_through_rate = functional(ClickThroughRate)
weighted_calibration = functional(WeightedCalibration)
