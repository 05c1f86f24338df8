"""`Curve`: the base of metrics that look at scores through many thresholds."""

import math
from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._bins import bins_of, checked_thresholds
from jax_metrics.metrics._checked import checked_bincount
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._points import (
    Points,
    binned_points,
    exact_points,
)
from jax_metrics.metrics.classification._counting import AVERAGES, Counts, averaged
from jax_metrics.metrics.classification._labels import Labels
from jax_metrics.metrics.probabilities._scores import one_versus_rest, probabilities, read_scores
from jax_metrics.metrics.state import Buffer, Total


class Curve(Metric):
    """The base of metrics that look at scores through many thresholds.

    It counts how many scores lie between each two thresholds, which takes as long for a thousand of
    them as for ten; or, with a `capacity`, it keeps the scores, and each of them is a threshold.

    - Binary: target 0 or 1, `[...]`; predictions of the same shape.
    - Classes, with `num_classes`: target integers, `[...]`; predictions `[..., num_classes]`. Each
      class has its own curve, against the rest.
    - Labels, with `num_labels`: both `[..., num_labels]`. Each label has its own curve.

    Predictions are floats, probabilities from 0 to 1 or logits. A subclass defines `compute` and
    finds in `points` what is above each threshold.

    Args:
        thresholds: How many, evenly from 0 to 1; or the thresholds, rising. With a capacity they do
            not matter.
        capacity: Keeps the scores of up to so many examples, in place of counts, and is exact. If
            more come, the value is NaN: see `overflowed`.
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits. With a capacity, those of binary targets and
            labels keep their order where their probabilities would round to the same float.
        ignore_index: Where the target is this, nothing counts.
        **options: See `Metric`.
    """

    held: Any  # a Total of counts, or a Buffer of scores

    def __init__(
        self,
        *,
        thresholds: int | Sequence[float] = 200,
        capacity: int | None = None,
        num_classes: int | None = None,
        num_labels: int | None = None,
        from_logits: bool = False,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            num_classes, num_labels, from_logits=from_logits, ignore_index=ignore_index
        ).checked()
        self.thresholds = checked_thresholds(thresholds)
        dtype = jnp.promote_types(self.dtype, jnp.float32)
        if capacity is None:
            bins = 1 + (thresholds if isinstance(thresholds, int) else len(thresholds))
            self.held = Total.zeros((*self.labels.shape, bins, 2), dtype)
        else:
            self.held = Buffer(capacity, (*self.labels.shape, 2), dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Curve` for shapes and dtypes."""
        labels, shape = self.labels, self.labels.shape
        target, scores, weight, rules = read_scores(labels, target, preds, sample_weight, mask)
        if sample_weight is not None:
            rules = (Rule(weight >= 0, "sample_weight must not be negative."), *rules)
        if not self._keeps_logits:
            scores = probabilities(labels, scores)
        positive = one_versus_rest(labels, target)
        if labels.num_classes is not None:
            weight = jnp.broadcast_to(weight[..., None], scores.shape)
        if isinstance(self.held, Total):
            counts, fault = self._counts(scores, weight, positive, rules)
            self.held = self.held + counts + fault
            return
        scores, weight, positive = (x.reshape(-1, *shape) for x in (scores, weight, positive))
        signed = jnp.where(positive, weight, -weight) + check_rules(rules)
        rows = jnp.stack([scores, signed], -1)
        taken = (weight != 0).reshape(len(weight), -1).any(-1)
        self.held = self.held.extended(rows, taken)

    def _counts(
        self, scores: jax.Array, weight: jax.Array, positive: jax.Array, rules: tuple[Rule, ...]
    ) -> tuple[jax.Array, jax.Array]:
        """How many negative and positive ones there are in each bin; NaN if a rule is broken."""
        shape = self.held.high.shape
        bins = bins_of(scores.astype(self.held.high.dtype), self.thresholds)
        curve = jnp.arange(math.prod(shape[:-2])).reshape(shape[:-2])
        numbers = 2 * (curve * shape[-2] + bins) + positive
        counts, fault = checked_bincount(numbers, weight, math.prod(shape), rules)
        return counts.reshape(shape), fault

    @property
    def _keeps_logits(self) -> bool:
        exact = not isinstance(self.held, Total)
        return exact and self.labels.from_logits and self.labels.num_classes is None

    @property
    def overflowed(self) -> jax.Array:
        """Whether more examples came than the capacity holds."""
        return self.held.overflowed if isinstance(self.held, Buffer) else jnp.zeros((), bool)

    def points(self, together: bool = False) -> Points:
        """What is above each threshold so far.

        Args:
            together: Whether all classes or labels have one curve.
        """
        if isinstance(self.held, Total):
            counts = self.held.value
            together = together and counts.ndim > 2
            return binned_points(counts.sum(0) if together else counts, self.thresholds)
        rows = self.held.values.reshape(-1, 2) if together else self.held.values
        scores, signed = (jnp.moveaxis(rows[..., i], 0, -1) for i in (0, 1))
        signed = jnp.where(self.overflowed, jnp.nan, signed)
        points = exact_points(scores, signed, bounded=not self._keeps_logits)
        if self._keeps_logits:
            points = points._replace(thresholds=jax.nn.sigmoid(points.thresholds))
        return points


class CurveScore(Curve):
    """The base of metrics that are one number for each curve.

    A subclass defines `score`, which maps `Points` to it.

    Args:
        average: With classes or labels, how their values become one: `"macro"` takes the mean,
            `"weighted"` weighs it by how often each is the target, both without those that have no
            value; `"micro"` makes one curve of all, and None gives each its own value.
        **options: See `Curve`.
    """

    def __init__(self, *, average: str | None = "macro", **options: Any):
        super().__init__(**options)
        one_of("average", average, AVERAGES)
        self.average = average

    def score(self, points: Points) -> jax.Array:
        """The value of each curve."""
        raise TypeError(f"{type(self).__name__} must define `score`; see `jm.metrics.CurveScore`.")

    def compute(self) -> jax.Array:
        """The value, averaged as said."""
        points = self.points(together=self.average == "micro")
        nothing = jnp.zeros_like(points.positive)
        counts = Counts(points.positive, points.negative, nothing, nothing)
        return averaged(self.score(points), counts, self.average, jnp.nan).astype(self.dtype)
