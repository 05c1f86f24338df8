"""Calibration error: whether predictions of 70 % come true in 70 of 100 cases."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.counts import bin_indices, bincount, divide
from jax_metrics.metrics.inputs import Labels, as_probabilities, read_scores, sum_to_one
from jax_metrics.metrics.state import Total

NORMS = ("l1", "l2", "max")


class CalibrationError(Metric):
    """The distance between predicted probabilities and observed frequencies, over bins.

    Probabilities are sorted into bins. The gap of a bin is the distance between its mean
    probability and the fraction of its predictions that came true: `"l1"` is the mean gap, weighted
    by the number of predictions in each bin, `"l2"` the root of the mean squared gap, `"max"` the
    largest one. With classes it is the probability of the predicted class; otherwise that of a 1,
    and all labels share the bins.

    NaN before the first update.

    Args:
        num_bins: The number of bins, evenly spaced from 0 to 1; a bin includes its lower end.
        norm: `"l1"` (expected calibration error), `"l2"` or `"max"`.
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits instead of probabilities.
        ignore_index: Examples with this target are ignored.
        **options: See `Metric`.

    Source: Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian
    Binning, 2015; Kumar, Liang, Ma: Verified Uncertainty Calibration, 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 1]), jnp.array([0.75, 0.75, 0.75, 0.5])
        >>> round(float(jm.metrics.CalibrationError(num_bins=2)(target=target, preds=preds)), 4)
        0.0625
        >>> round(float(jm.metrics.calibration_error(target, preds, norm="max")), 4)
        0.5
    """

    higher_is_better = False
    weight: Total
    predicted: Total
    observed: Total

    def __init__(
        self,
        *,
        num_bins: int = 15,
        norm: str = "l1",
        num_classes: int | None = None,
        num_labels: int | None = None,
        from_logits: bool = False,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        if num_bins < 1:
            raise ValueError(f"num_bins must be at least 1, but is {num_bins}.")
        one_of("norm", norm, NORMS)
        self.num_bins, self.norm = num_bins, norm
        self.labels = Labels(
            num_classes, num_labels, from_logits=from_logits, ignore_index=ignore_index
        ).checked()
        self.weight, self.predicted, self.observed = (
            Total.zeros((num_bins,), self.dtype) for _ in range(3)
        )

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `MeanCost` for shapes and dtypes."""
        batch = read_scores(self.labels, target, preds, sample_weight, mask)
        probability, is_true = as_probabilities(self.labels, batch.scores), batch.target
        if self.labels.num_classes is not None:
            is_true = (jnp.argmax(probability, -1) == is_true).astype(jnp.int32)
            probability = probability.max(-1)
        bins = jnp.minimum(bin_indices(probability, self.num_bins + 1), self.num_bins) - 1
        fault = check_rules(batch.rules + sum_to_one(self.labels, batch))
        weight = bincount(bins, batch.weight, self.num_bins)
        self.weight = (self.weight + weight).marked(fault)
        self.observed += bincount(bins, batch.weight * is_true, self.num_bins)
        self.predicted += bincount(bins, batch.weight * probability, self.num_bins)

    def compute(self) -> jax.Array:
        """The error."""
        weight = self.weight.value
        gaps = abs(divide(self.observed.value - self.predicted.value, weight, 0.0))
        total = weight.sum()
        if self.norm == "max":
            return jnp.where(total > 0, gaps.max(), jnp.nan)
        if self.norm == "l1":
            return (gaps * weight).sum() / total
        return jnp.sqrt((gaps**2 * weight).sum() / total)


calibration_error = functional(CalibrationError)
