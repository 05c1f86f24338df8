"""Accuracy, and Hamming distance, its complement."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._exact_match import all_correct
from jax_metrics.metrics.classification._outcomes import Outcomes, add_outcomes, remainder
from jax_metrics.metrics.counts import AVERAGES, checked_sum
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions, Labels, as_labels, refuse_swapped


class Accuracy(Counting):
    """The fraction of predictions that are correct.

    Without `num_classes` and `num_labels` the shapes decide how predictions are read: floats with
    one more axis than the target are scores of classes, integers of its shape are classes, floats
    of its shape are probabilities of 1.

    Args:
        average: `"micro"` returns the fraction of correct predictions. `"macro"`, `"weighted"` and
            None use the accuracy of each label, or the fraction of correct predictions among the
            examples of each class; they need `num_classes` or `num_labels`.
        subset: Whether an example is correct only if all of its labels are.
        zero_division: The value where the denominator is zero.
        **options: See `Labels`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, logits = jnp.array([0, 2]), jnp.array([[2.0, 0.5, 1.0], [0.1, 0.3, 0.2]])
        >>> float(jm.metrics.Accuracy()(target=target, preds=logits))
        0.5
        >>> float(jm.metrics.accuracy(target, logits, num_classes=3, top_k=2))
        1.0
    """

    def __init__(
        self,
        *,
        average: str | None = "micro",
        subset: bool = False,
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        one_of("average", average, AVERAGES)
        super().__init__(average=average, zero_division=zero_division, **options)
        if subset and (self.labels.num_labels is None or average != "micro"):
            raise ValueError(
                "subset=True asks whether all labels of an example are correct: it needs "
                f"`num_labels` and average='micro'; got num_labels={self.labels.num_labels} and "
                f"average={average!r}."
            )
        self.subset = subset

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `Labels` for shapes and dtypes."""
        labels = self.labels
        if self.average == "micro":
            labels = _with_inferred_classes(labels, target, preds)
        self.count(labels.compare(target, preds, sample_weight, mask))

    def count(self, batch: LabelBatch) -> None:
        """Adds a batch; with `average="micro"`, correct predictions as `tp`, wrong ones as `fn`."""
        if self.average != "micro":
            super().count(batch)
            return
        if self.subset:
            correct, weight = all_correct(batch, examples_first=False)
            tp, fault = (correct * weight).sum(), check_rules(batch.rules)
        else:
            correct, weight = batch.target == batch.preds, batch.weight
            tp, fault = checked_sum(correct * weight, batch.rules)
        zero = jnp.zeros_like(tp)
        outcomes = Outcomes(tp, zero, remainder(~correct, weight, weight.sum() - tp), zero)
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def correct_wrong_total(self, counts: Outcomes) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The numbers of correct, wrong and all predictions."""
        if self.labels.num_classes is not None and self.average != "micro":
            return counts.tp, counts.fn, counts.support
        return counts.tp + counts.tn, counts.fp + counts.fn, counts.all

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Correct predictions, and all predictions."""
        correct, _, total = self.correct_wrong_total(counts)
        return correct, total


def _with_inferred_classes(labels: Labels, target: Any, preds: Any) -> Labels:
    """The options with the number of classes in the predictions, unless a number is given.

    Scores have one more axis than the target. Integers of the target's shape are classes, of any
    number.
    """
    if labels.num_classes is not None or labels.num_labels is not None:
        return labels
    refuse_swapped(target, preds)
    preds = jnp.asarray(preds)
    is_float = jnp.issubdtype(preds.dtype, jnp.floating)
    if is_float and preds.ndim == as_labels("target", target).ndim + 1 and preds.shape[-1] > 1:
        return labels._replace(num_classes=preds.shape[-1])
    return labels if is_float else labels._replace(num_classes=2**31 - 1)


class HammingDistance(Accuracy):
    """The fraction of labels or classes that are predicted wrongly: one minus `Accuracy`.

    With `subset=True` it is the zero-one loss of rows of labels. See `Accuracy` for the options. A
    class that is predicted but never the target has the distance 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 1], [1, 1]]), jnp.array([[0, 1], [0, 1]])
        >>> float(jm.metrics.HammingDistance(num_labels=2)(target=target, preds=preds))
        0.25
        >>> float(jm.metrics.hamming_distance(target, preds, num_labels=2, subset=True))
        0.5
    """

    higher_is_better = False

    def fraction(self, counts: Outcomes) -> tuple[jax.Array, jax.Array]:
        """Wrong predictions, and all predictions."""
        _, wrong, total = self.correct_wrong_total(counts)
        return wrong, total

    def score(self, counts: Outcomes) -> jax.Array:
        """The fraction of wrong predictions."""
        _, _, total = self.correct_wrong_total(counts)
        distance = super().score(counts)
        if self.labels.num_classes is None or self.average == "micro":
            return distance
        # All predictions of a class that is never the target are wrong.
        only_predicted = (total == 0) & (counts.fp != 0) & ~jnp.isnan(self.zero_division)
        return jnp.where(only_predicted, 1, distance)


accuracy = functional(Accuracy)
hamming_distance = functional(HammingDistance)
