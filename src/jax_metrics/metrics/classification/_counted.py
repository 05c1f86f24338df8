"""`Counted`: the base of metrics that count true and false positives and negatives."""

from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._bincount import bincount
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
        tp: True positives; exact up to 2**48, as the others are.
        fp: False positives.
        fn: False negatives.
        tn: True negatives.
    """

    tp: Total
    fp: Total
    fn: Total
    tn: Total

    def __init__(self, together: bool = False, /, **options: Unpack[LabelOptions]):
        super().__init__(**options)
        self.together = together
        shape = () if together else self.labels.shape
        self.tp, self.fp, self.fn, self.tn = (Total.zeros(shape, self.dtype) for _ in range(4))

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        compared = self.labels.compare(target, preds, sample_weight, mask)
        self.add(count(compared, self.labels, self.together), compared.fault)

    def add(self, counts: Counts, fault: Any) -> None:
        """Adds counts, and a fault that makes them NaN."""
        self.tp, self.fp, self.fn, self.tn = (
            total + one + fault
            for total, one in zip((self.tp, self.fp, self.fn, self.tn), counts, strict=True)
        )

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(self.tp.value, self.fp.value, self.fn.value, self.tn.value)


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
    if together:
        tp, total = right.sum(), weight.sum()
        others = total
        if target.size * labels.num_classes >= 2**31:  # more than an int32 can hold
            others = total.astype(jnp.float32)
        return Counts(tp, total - tp, total - tp, (labels.num_classes - 2) * others + tp)
    classes = labels.num_classes
    if classes <= _FEW:
        matrix = bincount(target * classes + preds, weight, classes**2).reshape(classes, classes)
        tp, said, support = jnp.diagonal(matrix), matrix.sum(0), matrix.sum(1)
    else:
        tp, said, support = (
            bincount(numbers, amount, classes)
            for numbers, amount in ((target, right), (preds, weight), (target, weight))
        )
    # In this order it is exactly 0 where there is no other class, however weights are rounded.
    tn = (support.sum() - said - support + tp).clip(0)
    return Counts(tp, said - tp, support - tp, tn)
