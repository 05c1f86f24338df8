"""`Counting`: the base of metrics made of true and false positives and negatives."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._bincount import bincount
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.classification._labels import Compared, Labels
from jax_metrics.metrics.state import Total

AVERAGES = ("micro", "macro", "weighted", None)


class Counts(NamedTuple):
    """How many true positives, false positives, false negatives and true negatives there are."""

    tp: jax.Array
    fp: jax.Array
    fn: jax.Array
    tn: jax.Array


class Counting(Metric):
    """The base of metrics made of true and false positives and negatives.

    A subclass defines `score`, which maps the four counts, of any shape, to values of that shape.
    The options are those of `Labels`, and these:

    Args:
        average: With classes or labels, how theirs become one value: `"micro"` counts them all
            together, `"macro"` takes the mean over the classes that occur in target or predictions,
            `"weighted"` weighs the mean by how often each is the target, and None gives each its
            own value, `[num_classes]`.
        zero_division: The value where there is nothing to divide by. NaN leaves a class out of the
            mean.
        **options: See `Labels`.
    """

    higher_is_better = True
    tp: Total
    fp: Total
    fn: Total
    tn: Total

    def __init__(
        self,
        *,
        average: str | None = "macro",
        zero_division: float = 0.0,
        num_classes: int | None = None,
        num_labels: int | None = None,
        threshold: float = 0.5,
        from_logits: bool = False,
        top_k: int = 1,
        ignore_index: int | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        one_of("average", average, AVERAGES)
        self.average = average
        self.zero_division = zero_division
        self.labels = Labels(
            num_classes, num_labels, threshold, from_logits, top_k, ignore_index
        ).checked()
        shape = () if average == "micro" else self.labels.shape
        self.tp, self.fp, self.fn, self.tn = (Total.zeros(shape, self.dtype) for _ in range(4))

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        compared = self.labels.compare(target, preds, sample_weight, mask)
        counts = count(compared, self.labels, together=self.average == "micro")
        self.tp, self.fp, self.fn, self.tn = (
            total + one + compared.fault
            for total, one in zip((self.tp, self.fp, self.fn, self.tn), counts, strict=True)
        )

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(self.tp.value, self.fp.value, self.fn.value, self.tn.value)

    def score(self, counts: Counts) -> jax.Array:
        """The value of each class, or of all together."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def ratio(self, part: jax.Array, whole: jax.Array) -> jax.Array:
        """Their quotient, or `zero_division`."""
        return divide(part, whole, self.zero_division)

    def compute(self) -> jax.Array:
        """The value, averaged as said."""
        scores = self.score(self.counts)
        return averaged(scores, self.counts, self.average, self.zero_division)


def divide(part: jax.Array, whole: jax.Array, otherwise: float) -> jax.Array:
    """The quotient, or something else where one would divide by zero."""
    return jnp.where(whole == 0, otherwise, part / jnp.where(whole == 0, 1, whole))


def averaged(
    scores: jax.Array, counts: Counts, average: str | None, zero_division: float
) -> jax.Array:
    """The mean of the scores of the classes, as `Counting` says."""
    if average in ("micro", None) or scores.ndim == 0:
        return scores
    support = counts.tp + counts.fn
    weight = support if average == "weighted" else (support + counts.fp != 0).astype(scores.dtype)
    left_out = (weight == 0) | (jnp.isnan(scores) & ~jnp.isnan(support))
    weight = jnp.where(left_out, 0, weight)
    return divide((jnp.where(left_out, 0, scores) * weight).sum(), weight.sum(), zero_division)


def count(compared: Compared, labels: Labels, together: bool) -> Counts:
    """Counts a batch.

    Args:
        compared: The labels.
        labels: How they are read.
        together: Whether all classes are counted together.
    """
    target, preds, weight, _ = compared
    if labels.num_classes is None:
        axes = None if together else tuple(range(target.ndim - len(labels.shape)))
        positive, said = target == 1, preds == 1
        outcomes = (positive & said, ~positive & said, positive & ~said, ~positive & ~said)
        return Counts(*((outcome * weight).sum(axes) for outcome in outcomes))
    right = (target == preds) * weight
    total = weight.sum()
    if together:
        tp = right.sum()
        wrong = total - tp
        return Counts(tp, wrong, wrong, (labels.num_classes - 1) * total - wrong)
    tp, said, support = (
        bincount(numbers, amount, labels.num_classes)
        for numbers, amount in ((target, right), (preds, weight), (target, weight))
    )
    return Counts(tp, said - tp, support - tp, total - said - support + tp)
