"""Confusion matrix."""

import math
from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.counts import checked_bincount, divide
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions, Labels
from jax_metrics.metrics.state import Total

_AXES = {"true": -1, "pred": -2, "all": (-2, -1)}


def zero_matrix(labels: Labels, dtype: Any) -> Total:
    """The state that counts a confusion matrix, with the target along the first axis.

    Its shape is `[num_classes, num_classes]`, `[2, 2]` for binary, `[num_labels, 2, 2]` for labels.
    """
    classes = labels.num_classes or 2
    groups = () if labels.num_labels is None else (labels.num_labels,)
    return Total.zeros((*groups, classes, classes), dtype)


def add_confusion(
    matrix: Total, batch: LabelBatch, groups: Any = None, rules: Sequence[Rule] = ()
) -> Total:
    """The confusion matrix with a batch added; NaN if a rule is broken, see `check`.

    Args:
        matrix: The matrix so far, `[classes, classes]` or `[groups, classes, classes]`.
        batch: The labels.
        groups: The matrix that each example belongs to; by default one for each label.
        rules: Further rules to check.
    """
    target, preds, weight, own_rules = batch
    shape = matrix.high.shape
    if groups is None:
        groups = jnp.arange(shape[0]) if len(shape) == 3 else 0
    cell = (groups * shape[-2] + target) * shape[-1] + preds
    counts, fault = checked_bincount(cell, weight, math.prod(shape), (*own_rules, *rules))
    return matrix.plus_counts(counts.reshape(shape), weight.size).marked(fault)


class ConfusionMatrix(LabelMetric):
    """How often each class is predicted as each class, with the target along the first axis.

    `[num_classes, num_classes]`; `[2, 2]` for a binary target; `[num_labels, 2, 2]` for labels. The
    values are floats, which round counts above 2**24.

    Args:
        normalize: `"true"` divides by how often each class is the target, so that rows sum to 1;
            `"pred"` by how often each class is predicted, `"all"` by the sum of the matrix. An
            empty row or column stays 0.
        **options: See `Labels`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 1, 1]), jnp.array([0, 0, 1, 1])
        >>> jm.metrics.ConfusionMatrix()(target=target, preds=preds)
        Array([[1., 0.],
               [1., 2.]], dtype=float32)
        >>> jm.metrics.confusion_matrix(target, preds, num_classes=2, normalize="pred")
        Array([[0.5, 0. ],
               [0.5, 1. ]], dtype=float32)
    """

    bounds = (0, None)
    plot_form = "matrix"
    matrix: Total

    def __init__(self, *, normalize: str | None = None, **options: Unpack[LabelOptions]):
        one_of("normalize", normalize, (None, *_AXES))
        super().__init__(**options)
        self.normalize = normalize
        if normalize is not None:
            self.bounds = (0, 1)
        self.matrix = zero_matrix(self.labels, self.dtype)

    def count(self, batch: LabelBatch) -> None:
        """Adds a batch to the matrix."""
        self.matrix = add_confusion(self.matrix, batch)

    def compute(self) -> jax.Array:
        """The matrix."""
        matrix = self.matrix.value
        if self.normalize is None:
            return matrix
        return divide(matrix, matrix.sum(_AXES[self.normalize], keepdims=True), 0.0)


confusion_matrix = functional(ConfusionMatrix)
