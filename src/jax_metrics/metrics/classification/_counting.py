"""`Counting`: the base of metrics computed from true and false positives and negatives."""

from collections.abc import Sequence
from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.classification._outcomes import (
    Outcomes,
    add_outcomes,
    count_outcomes,
    zero_outcomes,
)
from jax_metrics.metrics.counts import AVERAGES, average_scores, divide
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class CountingOptions(LabelOptions, total=False):
    """The options of `Counting`."""

    average: str | None
    labels: Sequence[int] | None
    zero_division: float


class Counting(LabelMetric):
    """The base of metrics computed from true and false positives and negatives.

    A subclass defines `score`, which maps the four counts, of any shape, to values of that shape;
    or `fraction`, if the value is a fraction of the examples, or of some of them.

    Args:
        average: With classes or labels, how their values are averaged: `"micro"` counts them all
            together; `"macro"` takes the mean over all labels, or over the classes that occur in
            target or predictions; `"weighted"` weights the mean by how often each is the target;
            None returns the value of each, `[num_classes]` or `[num_labels]`; `"samples"`, with
            `num_labels`, computes the value of each example from its labels and takes the mean over
            examples.
        labels: The classes or labels to average over; without an average, the order of the values.
            They count even if they do not occur, so `range(num_classes)` averages over all classes.
        zero_division: The value where the denominator is zero. NaN leaves a class out of the mean.
        **options: See `Labels`.

    Attributes:
        outcomes: True positives, false positives, false negatives and true negatives, along the
            first axis; exact up to 2**48: `int(metric.outcomes[0])`. Not with `average="samples"`.
    """

    higher_is_better = True
    bounds = (0, 1)
    outcomes: Total
    of_samples: Total  # the sum of the values of examples, and the sum of their weights

    def __init__(
        self,
        *,
        average: str | None = "macro",
        labels: Sequence[int] | None = None,
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        one_of("average", average, (*AVERAGES, "samples"))
        super().__init__(**options)
        self.average = average
        self.zero_division = zero_division
        self.chosen = None if labels is None else self._checked_choice(labels)
        self._together = average == "micro" and labels is None
        if average == "samples":
            self._check_samples()
            self.of_samples = Total.zeros((2,), self.dtype)
        else:
            self.outcomes = zero_outcomes(self.labels, self.dtype, together=self._together)

    def _checked_choice(self, labels: Sequence[int]) -> tuple[int, ...]:
        chosen = tuple(map(int, labels))
        (size,) = self.labels.shape or (0,)
        if not chosen or len({*chosen}) < len(chosen) or not all(0 <= x < size for x in chosen):
            raise ValueError(
                f"labels must be different classes or labels from 0 to {size - 1}; got {chosen}"
                + ("." if size else ", but the metric is binary: choose `pos_label`.")
            )
        return chosen

    def _check_samples(self) -> None:
        if self.labels.num_labels is None or self.chosen is not None:
            raise ValueError(
                'average="samples" takes the mean over examples with several labels each: it needs '
                f"`num_labels` and all labels; got num_labels={self.labels.num_labels} and "
                f"labels={self.chosen}."
            )

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        if self.average == "samples":
            self._count_samples(batch)
            return
        outcomes, fault = count_outcomes(batch, self.labels, together=self._together)
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def _count_samples(self, batch: LabelBatch) -> None:
        """Adds the value of each example, with the largest weight of its labels."""
        target, preds = batch.target == 1, batch.preds == 1
        weight = batch.weight.astype(self.dtype)
        parts = (target & preds, ~target & preds, target & ~preds, ~target & ~preds)
        scores = self.score(Outcomes(*((part * weight).sum(-1) for part in parts)))
        weight = jnp.where(jnp.isnan(scores), 0, weight.max(-1))
        sums = [Total.sum(x, None, self.dtype) for x in (jnp.nan_to_num(scores) * weight, weight)]
        self.of_samples += jax.tree.map(lambda *x: jnp.stack(x), *sums)
        self.of_samples = self.of_samples.marked(check_rules(batch.rules))

    def score(self, counts: Outcomes) -> jax.Array:
        """The value of each class, or of all together."""
        return self.ratio(*self.fraction(counts))

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """The numerator and the denominator of the value, as counts of examples."""
        raise TypeError(f"{type(self).__name__} must define `score` or `fraction`.")

    def ratio(self, numerator: jax.Array, denominator: jax.Array) -> jax.Array:
        """The quotient, or `zero_division` where the denominator is zero."""
        return divide(numerator, denominator, self.zero_division)

    @property
    def counts(self) -> Outcomes:
        """The counts so far, rounded to floats."""
        return Outcomes(*self.outcomes.value)

    def compute(self) -> jax.Array:
        """The value, averaged per `average`."""
        if self.average == "samples":
            return self.ratio(*self.of_samples.value)
        counts = self.counts
        if self.chosen is not None:
            counts = Outcomes(*(x[jnp.array(self.chosen)] for x in counts))
            if self.average == "micro":
                return self.score(Outcomes(*(x.sum() for x in counts)))
        all_count = self.labels.num_labels is not None or self.chosen is not None
        included = True if all_count else counts.occurs
        return average_scores(
            self.score(counts), counts.support, self.average, self.zero_division, included
        )
