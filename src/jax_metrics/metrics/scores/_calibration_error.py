"""Calibration error: whether predictions with a probability of 70 % come true in 70 % of cases."""

import functools
from math import prod
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._function_types import Comparison
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._sized_function import sized_function
from jax_metrics.metrics.counts import bin_indices, bincount, divide
from jax_metrics.metrics.inputs import (
    Labels,
    ScoreBatch,
    as_probabilities,
    one_versus_rest,
    read_scores,
    sum_to_one,
)
from jax_metrics.metrics.scores._quantile_bins import quantile_bin_sums
from jax_metrics.metrics.state import Buffer, Total

NORMS = ("l1", "l2", "max")
STRATEGIES = ("uniform", "quantile")


class CalibrationError(Metric):
    """The distance between predicted probabilities and observed frequencies, over bins.

    Probabilities are sorted into bins. The gap of a bin is the distance between its mean
    probability and the fraction of its predictions that came true: `"l1"` is the mean gap, weighted
    by the number of predictions in each bin, `"l2"` the root of the mean squared gap, `"max"` the
    largest gap. With classes, the probability is that of the predicted class; otherwise it is that
    of a 1, and all labels share the bins.

    NaN before the first update.

    Args:
        num_bins: The number of bins.
        norm: `"l1"` (expected calibration error), `"l2"` or `"max"`.
        strategy: `"uniform"` bins are evenly spaced from 0 to 1, and include their lower ends;
            `"quantile"` bins hold the same number of examples each, except for ties, and include
            their upper ends. They need all probabilities, and so a capacity. Weights that are not
            whole numbers count relative to the smallest if all are multiples of it, else to
            their mean.
        capacity: The maximum number of examples, only for `"quantile"`. With more, the value is
            NaN: see `overflowed`. The function defaults to the number of examples in the batch.
        by_class: Whether each class, against the rest, or each label has its own bins and value,
            `[num_classes]` or `[num_labels]`. Their mean is the classwise calibration error.
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits instead of probabilities.
        ignore_index: Examples with this target are ignored.
        **options: See `Metric`.

    Source: Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian
    Binning, 2015; Kumar, Liang, Ma: Verified Uncertainty Calibration, 2019; for `by_class` Kull et
    al., Beyond Temperature Scaling, 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 1]), jnp.array([0.75, 0.75, 0.75, 0.5])
        >>> round(float(jm.metrics.CalibrationError(num_bins=2)(target=target, preds=preds)), 4)
        0.0625
        >>> round(float(jm.metrics.calibration_error(target, preds, norm="max")), 4)
        0.5
        >>> preds = jnp.array([[0.75, 0.25], [0.25, 0.75], [0.25, 0.75], [0.5, 0.5]])
        >>> jm.metrics.calibration_error(target, preds, num_classes=2, by_class=True)
        Array([0.3125, 0.3125], dtype=float32)
    """

    higher_is_better = False
    bounds = (0, 1)
    weight: Total
    predicted: Total
    observed: Total
    rows: Buffer | None

    def __init__(
        self,
        *,
        num_bins: int = 15,
        norm: str = "l1",
        strategy: str = "uniform",
        capacity: int | None = None,
        by_class: bool = False,
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
        one_of("strategy", strategy, STRATEGIES)
        if (strategy == "quantile") != (capacity is not None):
            raise ValueError(
                f"CalibrationError(strategy={strategy!r}) got capacity={capacity}: "
                'strategy="quantile" keeps the probabilities and needs a capacity, the maximum '
                "number of examples; evenly spaced bins have none."
            )
        self.num_bins, self.norm = num_bins, norm
        self.labels = Labels(
            num_classes, num_labels, from_logits=from_logits, ignore_index=ignore_index
        ).checked()
        if by_class and not self.labels.shape:
            raise ValueError("by_class=True needs `num_classes` or `num_labels`.")
        self.by_class = by_class
        shape = self.labels.shape if by_class else ()
        self.weight, self.predicted, self.observed = (
            Total.zeros((*shape, num_bins), self.dtype) for _ in range(3)
        )
        dtype = jnp.promote_types(self.dtype, jnp.float32)
        self.rows = None if capacity is None else Buffer(capacity, (*shape, 3), dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `MeanCost` for shapes and dtypes."""
        batch = read_scores(self.labels, target, preds, sample_weight, mask)
        probability, outcome, weight = self._predictions(batch)
        fault = check_rules(batch.rules + sum_to_one(self.labels, batch))
        shape = self.weight.high.shape
        if self.rows is not None:
            columns = (probability, outcome, weight + fault)
            rows = jnp.stack([x.astype(self.rows.values.dtype) for x in columns], -1)
            rows = rows.reshape(-1, *shape[:-1], 3)
            included = (rows[..., 2] != 0).any(tuple(range(1, rows.ndim - 1)))
            self.rows = self.rows.extended(rows, included)
            return
        bins = jnp.minimum(bin_indices(probability, self.num_bins + 1), self.num_bins) - 1
        if self.by_class:
            bins += self.num_bins * jnp.arange(shape[0])
        self.weight = (self.weight + _sums(bins, weight, shape)).marked(fault)
        self.observed += _sums(bins, weight * outcome, shape)
        self.predicted += _sums(bins, weight * probability, shape)

    def _predictions(self, batch: ScoreBatch) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Probabilities, outcomes 0 or 1, and weights, of the same shape."""
        probability, outcome = as_probabilities(self.labels, batch.scores), batch.target
        if self.labels.num_classes is None:
            return probability, outcome, batch.weight
        if self.by_class:
            outcome = one_versus_rest(self.labels, outcome).astype(jnp.int32)
            return probability, outcome, jnp.broadcast_to(batch.weight[..., None], outcome.shape)
        outcome = (jnp.argmax(probability, -1) == outcome).astype(jnp.int32)
        return probability.max(-1), outcome, batch.weight

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more examples than the capacity; false without one."""
        return jnp.zeros((), bool) if self.rows is None else self.rows.overflowed

    def compute(self) -> jax.Array:
        """The error, or one for each class or label."""
        if self.rows is None:
            weight, predicted, observed = (
                total.value for total in (self.weight, self.predicted, self.observed)
            )
        else:
            sums = functools.partial(quantile_bin_sums, num_bins=self.num_bins)
            sums = jax.vmap(sums, in_axes=1) if self.by_class else sums
            weight, predicted, observed = sums(self.rows.values)
        gaps = abs(divide(observed - predicted, weight, 0.0))
        total = jnp.where(self.overflowed, jnp.nan, weight.sum(-1))
        if self.norm == "max":
            return jnp.where(total > 0, gaps.max(-1), jnp.nan)
        if self.norm == "l1":
            return (gaps * weight).sum(-1) / total
        return jnp.sqrt((gaps**2 * weight).sum(-1) / total)


def _sums(bins: jax.Array, values: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The sums of values in each bin, in the given shape."""
    return bincount(bins, values, prod(shape)).reshape(shape)


def _capacity(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    if given.get("strategy") != "quantile":
        return {"capacity": None}
    outputs = given.get("num_labels") if given.get("by_class") else None
    return {"capacity": max(np.size(given["target"]) // (outputs or 1), 1)}


calibration_error: Comparison[..., jax.Array] = sized_function(
    CalibrationError, "calibration_error", ["capacity"], _capacity
)
