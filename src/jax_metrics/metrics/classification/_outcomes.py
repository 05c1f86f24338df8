"""Outcomes: how many true and false positives and negatives there are."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.counts import bincount, checked_bincount, checked_sum
from jax_metrics.metrics.inputs import LabelBatch, Labels
from jax_metrics.metrics.state import Total

# Up to so many classes, one confusion matrix is cheaper than three separate counts.
_MATRIX_CLASSES = 64
_BLOCK = 8  # classes that are counted in a matrix of their own, if there are more


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
        """The number of all that were counted."""
        return self.tp + self.fp + self.fn + self.tn


def zero_outcomes(labels: Labels, dtype: Any, *, together: bool = False) -> Total:
    """The state to count outcomes in, `[4, *shape]` in the order of `Outcomes`.

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
        fault = check_rules(rules)
        return _outcomes_by_blocks(target, preds, weight, classes), fault
    support, fault = checked_bincount(target, weight, classes, rules)
    predicted = bincount(preds, weight, classes)
    tp = bincount(target, (target == preds) * weight, classes)
    return Outcomes(
        tp, predicted - tp, support - tp, weight.sum() - predicted - support + tp
    ), fault


def _outcomes_by_blocks(
    target: jax.Array, preds: jax.Array, weight: jax.Array, classes: int
) -> Outcomes:
    """The outcomes of many classes, without a difference of sums or a matrix of all classes.

    Small weights are not the difference of sums of large ones, and rounding is not a count. Classes
    are put into blocks. Examples with target and prediction in one block are counted in its matrix;
    of the others each class counts those with its target and those with its prediction; and for
    the examples that are in neither place of a block, blocks are treated as classes.
    """
    if classes <= _MATRIX_CLASSES:
        cells = bincount(target * classes + preds, weight, classes**2)
        return _outcomes_of_matrix(cells.reshape(classes, classes))
    blocks = -(-classes // _BLOCK)
    target_block, preds_block = target // _BLOCK, preds // _BLOCK
    inside = target_block == preds_block
    cells = bincount(target * _BLOCK + preds % _BLOCK, inside * weight, blocks * _BLOCK**2)
    matrices = cells.reshape(blocks, _BLOCK, _BLOCK)
    others = 1 - jnp.eye(_BLOCK, dtype=weight.dtype)
    without_column = jnp.einsum("bij,jk->bik", matrices, others, precision="highest")
    wrong = matrices * others
    of_target, of_preds = (
        bincount(labels, ~inside * weight, blocks * _BLOCK).reshape(blocks, _BLOCK)
        for labels in (target, preds)
    )
    beside = jnp.matmul(of_target + of_preds, others, precision="highest")
    outside = _outcomes_by_blocks(target_block, preds_block, weight, blocks).tn
    outcomes = Outcomes(
        jnp.diagonal(matrices, axis1=1, axis2=2),
        wrong.sum(1) + of_preds,
        wrong.sum(2) + of_target,
        (without_column * others).sum(1) + beside + outside[:, None],
    )
    return Outcomes(*(one.reshape(-1)[:classes] for one in outcomes))


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
    """The sum of the selected weights; the difference of integer sums is the same, and cheaper."""
    if jnp.issubdtype(weight.dtype, jnp.integer):
        return difference
    return jnp.where(selected, weight, 0).sum()
