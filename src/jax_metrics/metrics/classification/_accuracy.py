"""Accuracy, and Hamming distance, its complement."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checked import checked_sum
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counts, count
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._exact_match import all_right
from jax_metrics.metrics.classification._labels import LabelOptions, Labels, as_labels


class Agreement(Counting):
    """The base of metrics that say how often predictions are right.

    With `average="micro"` right ones are counted as `tp` and wrong ones as `fn`, whatever they are.
    """

    def __init__(
        self,
        *,
        average: str | None = "micro",
        subset: bool = False,
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(average=average, zero_division=zero_division, **options)
        if subset and (self.labels.num_labels is None or average != "micro"):
            raise ValueError(
                "subset=True asks whether all labels of an example are right: it needs "
                f"`num_labels` and average='micro'; got num_labels={self.labels.num_labels} and "
                f"average={average!r}."
            )
        self.subset = subset

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        together = self.average == "micro"
        labels = _read_by_shape(self.labels, target, preds) if together else self.labels
        compared = labels.compare(target, preds, sample_weight, mask)
        if not together:
            self.add(*count(compared, labels, together=False))
            return
        if self.subset:
            right, weight = all_right(compared, examples_first=False)
            tp, fault = (right * weight).sum(), check_rules(compared.rules)
        else:
            weight = compared.weight
            tp, fault = checked_sum((compared.target == compared.preds) * weight, compared.rules)
        none = jnp.zeros_like(tp)
        self.add(Counts(tp, none, weight.sum() - tp, none), fault)

    def counted_in(self, counts: Counts) -> tuple[jax.Array, jax.Array, jax.Array]:
        """How many are right, wrong, and both."""
        if self.labels.num_classes is not None and self.average != "micro":
            return counts.tp, counts.fn, counts.support
        return counts.tp + counts.tn, counts.fp + counts.fn, counts.all


def _read_by_shape(labels: Labels, target: Any, preds: Any) -> Labels:
    """With the number of classes that predictions have, where none was given.

    Scores have one axis more than the target. Integers of its shape are classes, however many.
    """
    if labels.num_classes is not None or labels.num_labels is not None:
        return labels
    preds = jnp.asarray(preds)
    scored = jnp.issubdtype(preds.dtype, jnp.floating)
    if scored and preds.ndim == as_labels("target", target).ndim + 1:
        return labels._replace(num_classes=preds.shape[-1])
    return labels if scored else labels._replace(num_classes=2**31 - 1)


class Accuracy(Agreement):
    """How often predictions are right.

    Without `num_classes` and `num_labels` the shapes tell what predictions are: floats with one
    axis more than the target are scores of classes, integers of its shape are classes, floats of
    its shape are probabilities of 1.

    Args:
        average: `"micro"` gives the share of right ones. `"macro"`, `"weighted"` and None are made
            of each label's own accuracy, or of each class' share of right ones among those whose
            target it is; they need `num_classes` or `num_labels`.
        subset: Whether an example is right only if all of its labels are.
        zero_division: The value where there is nothing to divide by.
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

    def score(self, counts: Counts) -> jax.Array:
        """The share of right ones."""
        right, _, both = self.counted_in(counts)
        return self.ratio(right, both)


class HammingDistance(Agreement):
    """How often predictions are wrong, of all labels or classes: one minus `Accuracy`.

    With `subset=True` it is the zero-one loss of rows of labels. Options are those of `Accuracy`.

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

    def score(self, counts: Counts) -> jax.Array:
        """The share of wrong ones."""
        _, wrong, both = self.counted_in(counts)
        return self.ratio(wrong, both)


accuracy = functional(Accuracy)
hamming_distance = functional(HammingDistance)
