"""The two kinds of state of curves: counts in bins, and the scores themselves.

Both have `read`, which brings scores into the form of the state, `added`, which adds those of a
batch, `points` and `overflowed`.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics.counts import (
    Points,
    Thresholds,
    bin_indices,
    binned_points,
    checked_bincount,
    exact_points,
    folded,
    number_of_thresholds,
)
from jax_metrics.metrics.curves._latest_rows import LatestRows
from jax_metrics.metrics.inputs import (
    Labels,
    as_log_odds,
    as_probabilities,
    as_smaller_probabilities,
)
from jax_metrics.metrics.state import Accumulator, Buffer, Total


class BinnedScores(Accumulator):
    """The numbers of negative and positive examples with scores in each bin between thresholds.

    Args:
        shape: Shape of the curves: `()`, or `(classes,)`.
        thresholds: The thresholds, or their number; None for thresholds that follow the odds.
        dtype: Dtype of the counts.

    Attributes:
        counts: `[*shape, bins, 2]`.
    """

    counts: Total

    def __init__(self, shape: tuple[int, ...], thresholds: Thresholds, dtype: Any):
        self.thresholds = thresholds
        bins = 1 + number_of_thresholds(thresholds)
        self.counts = Total.zeros((*shape, bins, 2), dtype)

    @property
    def overflowed(self) -> jax.Array:
        """False: bins have room for any number of examples."""
        return jnp.zeros((), bool)

    def read(self, labels: Labels, scores: jax.Array) -> jax.Array:
        """Scores as probabilities, folded for thresholds that follow the odds."""
        if self.thresholds is None:
            return folded(*as_smaller_probabilities(labels, scores))
        return as_probabilities(labels, scores)

    def added(
        self, scores: jax.Array, weight: jax.Array, positive: jax.Array, rules: Sequence[Rule]
    ) -> "BinnedScores":
        """The state with a batch added; NaN if a rule is broken, see `check`.

        Args:
            scores: Scores as `read` returns them, `[..., *shape]`.
            weight: Weights of the same shape.
            positive: Whether each is the score of a positive example.
            rules: Rules whose shapes are prefixes of that shape.
        """
        counts = self.counts.high
        bins = bin_indices(scores.astype(counts.dtype), self.thresholds)
        curve = jnp.arange(math.prod(counts.shape[:-2])).reshape(counts.shape[:-2])
        cell = 2 * (curve * counts.shape[-2] + bins) + positive
        new, fault = checked_bincount(cell, weight, counts.size, rules)
        counts = self.counts.plus_counts(new.reshape(counts.shape), weight.size)
        return self._replace(counts=counts.marked(fault))

    def points(self, together: bool = False) -> Points:
        """The points of each curve, or of one curve of all classes together."""
        counts = self.counts.value
        return binned_points(
            counts.sum(0) if together and counts.ndim > 2 else counts, self.thresholds
        )

    def neutral(self) -> "BinnedScores":
        """Empty bins."""
        return self._replace(counts=self.counts.neutral())

    def merged(self, other: "BinnedScores") -> "BinnedScores":
        """The counts of both."""
        return self._replace(counts=self.counts + other.counts)


class ExactScores(Accumulator):
    """The scores themselves, each of which is a threshold.

    Args:
        rows: A `Buffer` or `LatestRows` of rows `[*shape, 2]`, where `shape` is that of the curves.
            Each row holds the score of an example and its weight, negated for negative examples.
        keeps_logits: Whether scores are kept as logits instead of probabilities, so that they keep
            their order where probabilities would round to the same float.
    """

    rows: Buffer | LatestRows

    def __init__(self, rows: Buffer | LatestRows, keeps_logits: bool):
        self.rows = rows
        self.keeps_logits = keeps_logits

    @property
    def overflowed(self) -> jax.Array:
        """Whether examples were dropped because there was no room."""
        return self.rows.overflowed

    def read(self, labels: Labels, scores: jax.Array) -> jax.Array:
        """Scores as log odds or as probabilities."""
        return (as_log_odds if self.keeps_logits else as_probabilities)(labels, scores)

    def added(
        self, scores: jax.Array, weight: jax.Array, positive: jax.Array, rules: Sequence[Rule]
    ) -> "ExactScores":
        """The state with a batch added; see `BinnedScores.added`."""
        shape = self.rows.values.shape[1:-1]
        scores, weight, positive = (x.reshape(-1, *shape) for x in (scores, weight, positive))
        signed = jnp.where(positive, weight, -weight) + check_rules(rules)
        mask = (weight != 0).any(tuple(range(1, weight.ndim)))
        return self._replace(rows=self.rows.extended(jnp.stack([scores, signed], -1), mask))

    def points(self, together: bool = False) -> Points:
        """The points of each curve, or of one curve of all classes together; NaN if overflowed."""
        rows = self.rows.values.reshape(-1, 2) if together else self.rows.values
        scores, signed = (jnp.moveaxis(rows[..., i], 0, -1) for i in (0, 1))
        signed = jnp.where(self.overflowed, jnp.nan, signed)
        points = exact_points(scores, signed, bounded=not self.keeps_logits)
        if self.keeps_logits:
            points = points._replace(thresholds=jax.nn.sigmoid(points.thresholds))
        return points

    def neutral(self) -> "ExactScores":
        """No scores."""
        return self._replace(rows=self.rows.neutral())

    def merged(self, other: "ExactScores") -> "ExactScores":
        """The scores of both."""
        rows: Any = self.rows
        return self._replace(rows=rows.merged(other.rows))
