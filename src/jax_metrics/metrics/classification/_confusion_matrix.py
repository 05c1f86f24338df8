"""Confusion matrix, and the base of metrics that are made of one."""

import math
from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checked import checked_bincount
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labelled import Labelled
from jax_metrics.metrics.classification._labels import LabelOptions
from jax_metrics.metrics.state import Total

_AXES = {"true": -1, "pred": -2, "all": (-2, -1)}


class Confusion(Labelled):
    """The base of metrics that are made of a confusion matrix.

    Attributes:
        matrix: How often each target had each prediction: `[num_classes, num_classes]`, with the
            target along the first axis; `[2, 2]` for binary, `[num_labels, 2, 2]` for labels. Its
            value is in floats, which round what is above 2**24.
    """

    matrix: Total

    def __init__(self, **options: Unpack[LabelOptions]):
        super().__init__(**options)
        classes = self.labels.num_classes or 2
        shape = (classes, classes)
        if self.labels.num_labels is not None:
            shape = (self.labels.num_labels, *shape)
        self.matrix = Total.zeros(shape, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        target, preds, weight, rules = self.labels.compare(target, preds, sample_weight, mask)
        shape = self.matrix.high.shape
        label = 0 if self.labels.num_labels is None else jnp.arange(self.labels.num_labels)
        counts, fault = confusion(target, preds, weight, rules, shape, label)
        self.matrix = self.matrix + counts + fault


def confusion(
    target: jax.Array,
    preds: jax.Array,
    weight: jax.Array,
    rules: Sequence[Rule],
    shape: tuple[int, ...],
    group: Any = 0,
) -> tuple[jax.Array, jax.Array]:
    """How often each target has each prediction; and 0, or NaN if a rule is broken.

    Args:
        target: Labels, integers from 0 to `shape[-2] - 1`, of any shape.
        preds: Likewise, to `shape[-1] - 1`.
        weight: How much each counts.
        rules: What must hold of them.
        shape: Of the result, `[classes, classes]` or `[groups, classes, classes]`.
        group: To which matrix each belongs; an array that broadcasts to the shape of the target.
    """
    cell = (group * shape[-2] + target) * shape[-1] + preds
    counts, fault = checked_bincount(cell, weight, math.prod(shape), rules)
    return counts.reshape(shape), fault


class ConfusionMatrix(Confusion):
    """How often each target has each prediction, with the target along the first axis.

    `[num_classes, num_classes]`; `[2, 2]` for a binary target; `[num_labels, 2, 2]` for labels.

    Args:
        normalize: `"true"` divides by how often the target is the class, so that rows sum to 1,
            `"pred"` by how often the class is predicted, `"all"` by how many there are. A row or
            column that is empty stays 0.
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

    plot_form = "matrix"

    def __init__(self, *, normalize: str | None = None, **options: Unpack[LabelOptions]):
        one_of("normalize", normalize, (None, *_AXES))
        super().__init__(**options)
        self.normalize = normalize

    def compute(self) -> jax.Array:
        """The matrix."""
        matrix = self.matrix.value
        if self.normalize is None:
            return matrix
        return divide(matrix, matrix.sum(_AXES[self.normalize], keepdims=True), 0.0)


confusion_matrix = functional(ConfusionMatrix)
