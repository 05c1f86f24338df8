"""`Curve`: the base of metrics that consider many thresholds of scores."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.counts import AVERAGES, Points, average_scores, checked_thresholds
from jax_metrics.metrics.curves._score_state import BinnedScores, ExactScores
from jax_metrics.metrics.inputs import (
    Labels,
    one_versus_rest,
    read_scores,
)
from jax_metrics.metrics.state import Buffer


class CurveOptions(Common, total=False):
    """The options of `Curve`."""

    thresholds: int | Sequence[float] | None
    capacity: int | None
    num_classes: int | None
    num_labels: int | None
    from_logits: bool
    ignore_index: int | None
    class_axis: int


class CurveScoreOptions(CurveOptions, total=False):
    """The options of `CurveScore`."""

    average: str | None


class Curve(Metric):
    """The base of metrics that consider many thresholds of scores.

    By default it counts the scores between thresholds; the cost does not depend on the number of
    thresholds. With a `capacity` it keeps the scores, and each of them is a threshold. The function
    receives all scores, so it keeps them unless `thresholds` are given.

    - Binary: target 0 or 1, `[...]`; predictions of the same shape.
    - Classes, with `num_classes`: target integers, `[...]`; predictions `[..., num_classes]`. Each
      class has its own curve, against the rest.
    - Labels, with `num_labels`: both `[..., num_labels]`. Each label has its own curve.

    Predictions are floats, probabilities from 0 to 1 or logits. A subclass defines `compute`, which
    calls `points`.

    Args:
        thresholds: The number of thresholds, evenly spaced from 0 to 1; or the thresholds in
            increasing order. By default there are 970, which follow the odds: 1/256 apart in the
            middle, and apart by a fifth of the odds near 0 and 1. Ignored with a capacity.
        capacity: Keeps the scores of up to this many examples instead of counts, and is exact. With
            more examples the value is NaN: see `overflowed`.
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits. With a capacity they are ranked by their log
            odds, which keep their order even if probabilities would round to the same float.
        ignore_index: Examples with this target are ignored.
        class_axis: The axis of the classes in scores, or of the labels in target and predictions.
        **options: See `Metric`.
    """

    state: BinnedScores | ExactScores

    def __init__(
        self,
        *,
        thresholds: int | Sequence[float] | None = None,
        capacity: int | None = None,
        num_classes: int | None = None,
        num_labels: int | None = None,
        from_logits: bool = False,
        ignore_index: int | None = None,
        class_axis: int = -1,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            num_classes,
            num_labels,
            from_logits=from_logits,
            ignore_index=ignore_index,
            class_axis=class_axis,
        ).checked()
        thresholds = checked_thresholds(thresholds)
        dtype, shape = jnp.promote_types(self.dtype, jnp.float32), self.labels.shape
        if capacity is None:
            self.state = BinnedScores(shape, thresholds, dtype)
        else:
            rows = Buffer(capacity, (*shape, 2), dtype)
            self.state = ExactScores(rows, keeps_logits=from_logits)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `Curve` for shapes and dtypes."""
        labels = self.labels
        target, scores, weight, rules = read_scores(labels, target, preds, sample_weight, mask)
        if sample_weight is not None:
            rules = (Rule(weight >= 0, "sample_weight must not be negative."), *rules)
        scores = self.state.read(labels, scores)
        if labels.num_classes is not None:
            weight = jnp.broadcast_to(weight[..., None], scores.shape)
        self.state = self.state.added(scores, weight, one_versus_rest(labels, target), rules)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more examples than the capacity."""
        return self.state.overflowed

    def points(self, together: bool = False) -> Points:
        """The counts above each threshold so far.

        Args:
            together: Whether all classes or labels share one curve.
        """
        return self.state.points(together)


class CurveScore(Curve):
    """The base of metrics that compute one number for each curve.

    A subclass defines `score`, which maps `Points` to this number.

    Args:
        average: With classes or labels, how their values are averaged: `"macro"` takes the mean and
            `"weighted"` weights it by how often each is the target, both ignoring NaN; `"micro"`
            makes one curve of all; None returns the value of each.
        **options: See `Curve`.
    """

    def __init__(self, *, average: str | None = "macro", **options: Unpack[CurveOptions]):
        super().__init__(**options)
        one_of("average", average, AVERAGES)
        self.average = average

    def score(self, points: Points) -> jax.Array:
        """The value of each curve."""
        raise TypeError(f"{type(self).__name__} must define `score`; see `jm.metrics.CurveScore`.")

    def compute(self) -> jax.Array:
        """The value, averaged per `average`."""
        points = self.points(together=self.average == "micro")
        included = points.positive + points.negative != 0
        score = average_scores(self.score(points), points.positive, self.average, jnp.nan, included)
        return score.astype(self.dtype)
