"""Metrics of predicted clicks: click-through rate and calibration."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_labels, weights, where_weighted
from jax_metrics.metrics.state import Total


class ClickThroughRate(WeightedMean):
    """The fraction of impressions that were clicked; NaN before the first update.

    `update(clicks, sample_weight=None, mask=None)`: clicks are 0 or 1, as integers or booleans.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.ClickThroughRate().update(jnp.array([0, 1, 0, 0])).compute())
        0.25
        >>> float(jm.metrics.click_through_rate(jnp.array([0, 1, 0, 0])))
        0.25
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)

    def update(self, clicks: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with clicks."""
        clicks = as_labels("clicks", clicks)
        weight = weights(clicks.shape, sample_weight, mask, self.dtype)
        is_valid = (clicks == 0) | (clicks == 1) | (weight == 0)
        self.add(clicks == 1, sample_weight, mask)
        self.total += check(is_valid, "clicks must be 0 or 1.")


class WeightedCalibration(Metric):
    """The sum of predictions over the sum of targets, `sum(w * preds) / sum(w * target)`.

    Values above 1 mean over-prediction. Target and predictions are numbers of the same shape; NaN
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

    sum_preds: Total
    sum_target: Total

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.sum_preds = Total.zeros((), self.dtype)
        self.sum_target = Total.zeros((), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch."""
        target, preds = pair(target, preds)
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        self.sum_preds += (where_weighted(preds, weight) * weight).sum()
        self.sum_target += (where_weighted(target, weight) * weight).sum()

    def compute(self) -> jax.Array:
        """The ratio of the sums."""
        sum_target = self.sum_target.value
        return jnp.where(sum_target == 0, jnp.nan, self.sum_preds.value / sum_target)


class ClickFunction(Protocol):
    """The type of `click_through_rate`."""

    __name__: str

    def __call__(self, clicks: Any, sample_weight: Any = None, *, mask: Any = None) -> jax.Array:
        """The rate of one batch."""
        ...


click_through_rate: ClickFunction = functional(ClickThroughRate)
weighted_calibration = functional(WeightedCalibration)
