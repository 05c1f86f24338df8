"""Calibration error: whether what is given 70 % comes true in 70 of 100 cases."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._bincount import bincount
from jax_metrics.metrics._bins import bins_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labels import Labels
from jax_metrics.metrics.probabilities._scores import probabilities, read_scores, sums_to_one
from jax_metrics.metrics.state import Total

NORMS = ("l1", "l2", "max")


class CalibrationError(Metric):
    """How far probabilities are from the shares that came true, over bins of probabilities.

    Each bin holds the mean probability and the share that came true of what fell into it; `"l1"`
    gives the mean distance of the two, weighted by what each bin holds, `"l2"` the root of the mean
    square, `"max"` the largest one. With classes the probability is that of the predicted class; in
    the binary case, and with labels, all of which go into the same bins, it is that of a 1.

    NaN before the first update.

    Args:
        num_bins: How many bins, evenly from 0 to 1; a bin holds its lower end.
        norm: `"l1"` (expected calibration error), `"l2"` or `"max"`.
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits, and not probabilities.
        ignore_index: Where the target is this, nothing counts.
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
    true: Total

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
        self.weight, self.predicted, self.true = (
            Total.zeros((num_bins,), self.dtype) for _ in range(3)
        )

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `MeanOfScores` for shapes and dtypes."""
        scored = read_scores(self.labels, target, preds, sample_weight, mask)
        shares, true = probabilities(self.labels, scored.scores), scored.target
        if self.labels.num_classes is not None:
            true = (jnp.argmax(shares, -1) == true).astype(jnp.int32)
            shares = shares.max(-1)
        bins = jnp.minimum(bins_of(shares, self.num_bins + 1), self.num_bins) - 1
        fault = check_rules(scored.rules + sums_to_one(self.labels, scored))
        self.weight = self.weight + bincount(bins, scored.weight, self.num_bins) + fault
        self.true += bincount(bins, scored.weight * true, self.num_bins)
        self.predicted += bincount(bins, scored.weight * shares, self.num_bins)

    def compute(self) -> jax.Array:
        """The error."""
        weight = self.weight.value
        apart = abs(divide(self.true.value - self.predicted.value, weight, 0.0))
        total = weight.sum()
        if self.norm == "max":
            return jnp.where(total > 0, apart.max(), jnp.nan)
        if self.norm == "l1":
            return (apart * weight).sum() / total
        return jnp.sqrt((apart**2 * weight).sum() / total)


calibration_error = functional(CalibrationError)
