"""`Counting`: the base of metrics made of true and false positives and negatives."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.classification._counted import Counted, Counts
from jax_metrics.metrics.classification._labels import LabelOptions

AVERAGES = ("micro", "macro", "weighted", None)


class CountingOptions(LabelOptions, total=False):
    """The options of `Counting`."""

    average: str | None
    zero_division: float


class Counting(Counted):
    """The base of metrics made of true and false positives and negatives.

    A subclass defines `score`, which maps the four counts, of any shape, to values of that shape.
    The options are those of `Labels`, and these:

    Args:
        average: With classes or labels, how theirs become one value: `"micro"` counts them all
            together, `"macro"` takes the mean over all labels, or over the classes that occur in
            target or predictions, `"weighted"` weighs the mean by how often each is the target, and
            None gives each its own value, `[num_classes]`.
        zero_division: The value where there is nothing to divide by. NaN leaves a class out of the
            mean.
        **options: See `Labels`.
    """

    higher_is_better = True

    def __init__(
        self,
        *,
        average: str | None = "macro",
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        one_of("average", average, AVERAGES)
        super().__init__(average == "micro", **options)
        self.average = average
        self.zero_division = zero_division

    def score(self, counts: Counts) -> jax.Array:
        """The value of each class, or of all together."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def ratio(self, part: jax.Array, whole: jax.Array) -> jax.Array:
        """Their quotient, or `zero_division`."""
        return divide(part, whole, self.zero_division)

    def compute(self) -> jax.Array:
        """The value, averaged as said."""
        scores = self.score(self.counts)
        every = self.labels.num_labels is not None
        return averaged(scores, self.counts, self.average, self.zero_division, every)


def divide(part: jax.Array, whole: jax.Array, otherwise: float) -> jax.Array:
    """The quotient, or something else where one would divide by zero."""
    return jnp.where(whole == 0, otherwise, part / jnp.where(whole == 0, 1, whole))


def averaged(
    scores: jax.Array,
    counts: Counts,
    average: str | None,
    zero_division: float,
    every: bool = False,
) -> jax.Array:
    """The mean of the scores of the classes, as `Counting` says.

    Args:
        scores: Of each class or label, or of all together.
        counts: Of each.
        average: How they become one value.
        zero_division: The value where none counts.
        every: Whether those that do not occur count in a macro average too, as labels do.
    """
    if average in ("micro", None) or scores.ndim == 0:
        return scores
    weight = jnp.ones_like(scores)
    if average == "weighted":
        weight = counts.support
    elif not every:
        weight = (counts.support + counts.fp != 0).astype(scores.dtype)
    left_out = (weight == 0) | (jnp.isnan(scores) & ~jnp.isnan(counts.support))
    weight = jnp.where(left_out, 0, weight)
    return divide((jnp.where(left_out, 0, scores) * weight).sum(), weight.sum(), zero_division)
