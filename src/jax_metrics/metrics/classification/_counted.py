"""`Counted`: the base of metrics that count true and false positives and negatives."""

from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._bincount import bincount
from jax_metrics.metrics._checked import checked_bincount, checked_sum
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.classification._labelled import Labelled
from jax_metrics.metrics.classification._labels import Compared, LabelOptions, Labels
from jax_metrics.metrics.state import Total

_FEW = 64  # classes of which a confusion matrix, counted in one go, is cheaper than three counts


class Counts(NamedTuple):
    """How many true positives, false positives, false negatives and true negatives there are."""

    tp: jax.Array
    fp: jax.Array
    fn: jax.Array
    tn: jax.Array

    @property
    def support(self) -> jax.Array:
        """How many there are in the target."""
        return self.tp + self.fn

    @property
    def predicted(self) -> jax.Array:
        """How many there are in the predictions."""
        return self.tp + self.fp

    @property
    def all(self) -> jax.Array:
        """How many were counted."""
        return self.tp + self.fp + self.fn + self.tn


class Counted(Labelled):
    """True and false positives and negatives, of each class or label or of all together.

    Args:
        together: Whether all are counted together.
        **options: See `Labelled`.

    Attributes:
        outcomes: True positives, false positives, false negatives and true negatives, along the
            first axis; exact up to 2**48: `int(metric.outcomes[0])`.
    """

    outcomes: Total

    def __init__(self, together: bool = False, /, **options: Unpack[LabelOptions]):
        super().__init__(**options)
        self.together = together
        shape = () if together else self.labels.shape
        self.outcomes = Total.zeros((len(Counts._fields), *shape), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        compared = self.labels.compare(target, preds, sample_weight, mask)
        self.add(*count(compared, self.labels, self.together))

    def add(self, counts: Counts, fault: Any) -> None:
        """Adds counts, and a fault that makes them NaN."""
        outcomes = self.outcomes
        for dtype in dict.fromkeys(one.dtype for one in counts):  # floats would round integers
            parts = [one if one.dtype == dtype else jnp.zeros_like(one, dtype) for one in counts]
            outcomes += jnp.stack(parts)
        self.outcomes = outcomes + fault

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(*self.outcomes.value)


def count(compared: Compared, labels: Labels, together: bool) -> tuple[Counts, jax.Array]:
    """Counts a batch; and 0, or NaN if it breaks a rule.

    Args:
        compared: The labels.
        labels: How they are read.
        together: Whether all classes are counted together.
    """
    target, preds, weight, rules = compared
    if labels.num_classes is None:
        axes = None if together else tuple(range(target.ndim - len(labels.shape)))
        positive, said = target == 1, preds == 1
        outcomes = (positive & said, ~positive & said, positive & ~said, ~positive & ~said)
        counts = ((outcome * weight).sum(axes) for outcome in outcomes)
        return Counts(*counts), check_rules(rules)
    right = (target == preds) * weight
    if together:
        (tp, fault), total = checked_sum(right, rules), weight.sum()
        others = total
        if target.size * labels.num_classes >= 2**31:  # more than an int32 can hold
            others = total.astype(jnp.float32)
        wrong, tn = total - tp, (labels.num_classes - 2) * others + tp
        return Counts(tp, wrong, wrong, tn), fault
    classes = labels.num_classes
    if classes <= _FEW:
        cells, fault = checked_bincount(target * classes + preds, weight, classes**2, rules)
        matrix = cells.reshape(classes, classes)
        tp, said, support = jnp.diagonal(matrix), matrix.sum(0), matrix.sum(1)
    else:
        support, fault = checked_bincount(target, weight, classes, rules)
        tp, said = bincount(target, right, classes), bincount(preds, weight, classes)
    # In this order it is exactly 0 where there is no other class, however weights are rounded.
    tn = (support.sum() - said - support + tp).clip(0)
    return Counts(tp, said - tp, support - tp, tn), fault
