"""Outcomes: how many true and false positives and negatives there are."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.counts import bincount, checked_bincount, checked_sum
from jax_metrics.metrics.inputs import LabelBatch, Labels
from jax_metrics.metrics.state import Total, power_of_two, scale

# Up to this many classes, one confusion matrix is cheaper than three separate counts.
_MATRIX_CLASSES = 64


class Outcomes(NamedTuple):
    """The numbers of true positives, false positives, false negatives and true negatives."""

    tp: jax.Array
    fp: jax.Array
    fn: jax.Array
    tn: jax.Array

    @property
    def support(self) -> jax.Array:
        """The number of positives in the target."""
        return self.tp + self.fn

    @property
    def predicted(self) -> jax.Array:
        """The number of positives in the predictions."""
        return self.tp + self.fp

    @property
    def occurs(self) -> jax.Array:
        """Whether there are any positives, in target or predictions."""
        return self.support + self.fp != 0

    @property
    def all(self) -> jax.Array:
        """The number of all predictions."""
        return self.tp + self.fp + self.fn + self.tn

    def scaled(self) -> "Outcomes":
        """The numbers divided by a power of two, so that their products do not leave the floats."""
        factor = power_of_two(-scale(self.all), self.tp.dtype)
        return Outcomes(*(count * factor for count in self))


def zero_outcomes(labels: Labels, dtype: Any, *, together: bool = False) -> Total:
    """The state that counts outcomes, `[4, *shape]` in the order of `Outcomes`.

    Args:
        labels: How labels are read.
        dtype: Dtype of the counts.
        together: Whether all classes or labels are counted together.
    """
    shape = () if together else labels.shape
    return Total.zeros((len(Outcomes._fields), *shape), dtype)


def count_outcomes(
    batch: LabelBatch, labels: Labels, *, together: bool = False
) -> tuple[Outcomes, jax.Array]:
    """The outcomes of a batch; and 0, or NaN if a rule is broken, see `check`.

    Args:
        batch: The labels.
        labels: How they were read.
        together: Whether all classes or labels are counted together.
    """
    if labels.num_classes is None:
        return _binary_outcomes(batch, together=together or not labels.shape)
    if together:
        return _micro_outcomes(batch, labels.num_classes)
    return _class_outcomes(batch, labels.num_classes)


def add_outcomes(total: Total, outcomes: Outcomes, fault: Any) -> Total:
    """The total with the outcomes of a batch added, and a fault that makes it NaN."""
    for dtype in dict.fromkeys(one.dtype for one in outcomes):  # floats would round the integers
        parts = [one if one.dtype == dtype else jnp.zeros_like(one, dtype) for one in outcomes]
        total += jnp.stack(parts)
    return total.marked(fault)


def _binary_outcomes(batch: LabelBatch, together: bool) -> tuple[Outcomes, jax.Array]:
    target, preds, weight, rules = batch
    axes = None if together else tuple(range(target.ndim - 1))
    positive, predicted = target == 1, preds == 1
    outcomes = (
        positive & predicted,
        ~positive & predicted,
        positive & ~predicted,
        ~positive & ~predicted,
    )
    return Outcomes(*((one * weight).sum(axes) for one in outcomes)), check_rules(rules)


def _micro_outcomes(batch: LabelBatch, classes: int) -> tuple[Outcomes, jax.Array]:
    target, preds, weight, rules = batch
    (tp, fault), total = checked_sum((target == preds) * weight, rules), weight.sum()
    examples = total
    if target.size * classes >= 2**31:  # more than an int32 can hold
        examples = total.astype(jnp.float32)
    wrong, tn = remainder(target != preds, weight, total - tp), (classes - 2) * examples + tp
    return Outcomes(tp, wrong, wrong, tn), fault


def _class_outcomes(batch: LabelBatch, classes: int) -> tuple[Outcomes, jax.Array]:
    target, preds, weight, rules = batch
    if classes <= _MATRIX_CLASSES:
        cells, fault = checked_bincount(target * classes + preds, weight, classes**2, rules)
        return _outcomes_of_matrix(cells.reshape(classes, classes)), fault
    if not jnp.issubdtype(weight.dtype, jnp.integer):
        return _weighted_class_outcomes(batch, classes)
    support, fault = checked_bincount(target, weight, classes, rules)
    predicted = bincount(preds, weight, classes)
    tp = bincount(target, (target == preds) * weight, classes)
    return Outcomes(
        tp, predicted - tp, support - tp, weight.sum() - predicted - support + tp
    ), fault


def _weighted_class_outcomes(batch: LabelBatch, classes: int) -> tuple[Outcomes, jax.Array]:
    """The outcomes of classes as sums of floats, without differences of larger sums.

    Only true negatives are a difference: the sum of all weights minus the weights of the examples
    in which the class occurs. It is at least a third of the sum for all but at most two classes,
    since at most two classes occur in an example. For the two most frequent classes the true
    negatives are summed directly.
    """
    target, preds, weight, rules = batch
    right = target == preds
    cell = jnp.where(right, target, classes + target)
    of_target, fault = checked_bincount(cell, weight, 2 * classes, rules)
    tp, fn = of_target[:classes], of_target[classes:]
    fp = bincount(preds, jnp.where(right, 0, weight), classes)
    occurrences = tp + fp + fn
    tn = weight.sum() - occurrences
    for _ in range(2):
        most = _position_of(occurrences, occurrences.max())
        exact = jnp.where((target == most) | (preds == most), 0, weight).sum()
        tn, occurrences = tn.at[most].set(exact), occurrences.at[most].set(-1)
    return Outcomes(tp, fp, fn, tn), fault


def _position_of(values: jax.Array, value: jax.Array) -> jax.Array:
    """The index where the value first occurs; `argmax` and `top_k` take many times as long."""
    positions = jnp.arange(len(values))
    return jnp.where(values == value, positions, len(values) - 1).min()


def _outcomes_of_matrix(matrix: jax.Array) -> Outcomes:
    tp = jnp.diagonal(matrix)
    if jnp.issubdtype(matrix.dtype, jnp.integer):
        predicted, support = matrix.sum(0), matrix.sum(1)
        return Outcomes(tp, predicted - tp, support - tp, matrix.sum() - predicted - support + tp)
    diagonal = jnp.eye(len(matrix), dtype=bool)
    wrong = jnp.where(diagonal, 0, matrix)
    # Row i and column k hold the sum of row i without column k.
    tn = jnp.where(diagonal, 0, jax.vmap(_without_each)(matrix)).sum(0)
    return Outcomes(tp, wrong.sum(0), wrong.sum(1), tn)


def _without_each(values: jax.Array) -> jax.Array:
    """For each value the sum of all others, without subtracting it from the sum of all."""
    before = jnp.concatenate([jnp.zeros_like(values[:1]), jnp.cumsum(values)[:-1]])
    after = jnp.concatenate([jnp.cumsum(values[::-1])[-2::-1], jnp.zeros_like(values[:1])])
    return before + after


def remainder(selected: jax.Array, weight: jax.Array, difference: jax.Array) -> jax.Array:
    """The sum of the selected weights; for integers the difference of sums, equal and cheaper."""
    if jnp.issubdtype(weight.dtype, jnp.integer):
        return difference
    return jnp.where(selected, weight, 0).sum()
