"""`Counting`: the base of metrics computed from true and false positives and negatives."""

from typing import Unpack

import jax

from jax_metrics.arguments import one_of
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
    zero_division: float


class Counting(LabelMetric):
    """The base of metrics computed from true and false positives and negatives.

    A subclass defines `score`, which maps the four counts, of any shape, to values of that shape.

    Args:
        average: With classes or labels, how their values become one: `"micro"` counts them all
            together; `"macro"` takes the mean over all labels, or over the classes that occur in
            target or predictions; `"weighted"` weights the mean by how often each is the target;
            None returns the value of each, `[num_classes]` or `[num_labels]`.
        zero_division: The value where the denominator is zero. NaN leaves a class out of the mean.
        **options: See `Labels`.

    Attributes:
        outcomes: True positives, false positives, false negatives and true negatives, along the
            first axis; exact up to 2**48: `int(metric.outcomes[0])`.
    """

    higher_is_better = True
    outcomes: Total

    def __init__(
        self,
        *,
        average: str | None = "macro",
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        one_of("average", average, AVERAGES)
        super().__init__(**options)
        self.average = average
        self.zero_division = zero_division
        self.outcomes = zero_outcomes(self.labels, self.dtype, together=average == "micro")

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        outcomes, fault = count_outcomes(batch, self.labels, together=self.average == "micro")
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def score(self, counts: Outcomes) -> jax.Array:
        """The value of each class, or of all together."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def ratio(self, numerator: jax.Array, denominator: jax.Array) -> jax.Array:
        """Their quotient, or `zero_division` where the denominator is zero."""
        return divide(numerator, denominator, self.zero_division)

    @property
    def counts(self) -> Outcomes:
        """The counts so far, rounded to floats."""
        return Outcomes(*self.outcomes.value)

    def compute(self) -> jax.Array:
        """The value, averaged per `average`."""
        counts = self.counts
        included = True if self.labels.num_labels is not None else counts.occurs
        return average_scores(
            self.score(counts), counts.support, self.average, self.zero_division, included
        )
