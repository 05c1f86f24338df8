"""Margin losses of scores: soft, multiclass and multilabel."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, one_of, pair, signs
from jax_metrics.losses.base import from_function
from jax_metrics.losses.classification._crossentropy import crossentropy
from jax_metrics.losses.classification._difference import difference
from jax_metrics.losses.labels import as_class_weights, at_label, class_labels, nan_where


@explains_arguments
def soft_margin(target: Any, preds: Any) -> jax.Array:
    """`log(1 + exp(-target * preds))` of each element.

    Args:
        target: Binary labels: 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.soft_margin(jnp.array([1, -1]), jnp.array([0.0, 1e4]))
        Array([6.931472e-01, 1.000000e+04], dtype=float32)
    """
    target, preds = pair(target, preds)
    return jax.nn.softplus(-signs(target) * preds)


class SoftMargin(from_function(soft_margin), init=False):
    """Reduces `soft_margin` over a batch."""


@explains_arguments
def multi_margin(
    target: Any,
    preds: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    class_weights: Sequence[float] | None = None,
) -> jax.Array:
    """`sum(max(0, margin - preds[label] + preds[i])**p) / classes` over the other classes `i`.

    Source: Weston and Watkins, Support Vector Machines for Multi-Class Pattern Recognition, 1999.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.
        p: The exponent, 1 or 2.
        margin: The lead of the label's score at which the loss becomes 0.
        class_weights: A factor for each class; the loss is multiplied by that of the label.

    Raises:
        ValueError: If `p` is neither 1 nor 2, a shape does not fit, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multi_margin(jnp.array([0]), jnp.array([[2.0, 1.5]]))
        Array([0.25], dtype=float32)
    """
    one_of("p", p, (1, 2))
    target, preds, wrong = class_labels(target, preds)
    classes = preds.shape[-1]
    # The margin comes last: a large score would absorb it.
    violation = jnp.maximum(0, margin + difference(preds, at_label(preds, target)[..., None])) ** p
    loss = jnp.where(jnp.arange(classes) == target[..., None], 0, violation)
    if class_weights is not None:
        weights = as_class_weights(class_weights, classes, preds.dtype)
        loss = loss * weights[target][..., None]
    return nan_where(wrong, jnp.sum(loss, axis=-1) / classes)


class MultiMargin(from_function(multi_margin), init=False):
    """Reduces `multi_margin` over a batch, with the options of the function."""


@explains_arguments
def multilabel_margin(target: Any, preds: Any) -> jax.Array:
    """`sum(max(0, 1 - preds[i] + preds[j])) / classes` over true labels `i` and false labels `j`.

    Args:
        target: 1 for true labels, 0 for false ones, `[..., classes]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multilabel_margin(jnp.array([[1, 0]]), jnp.array([[0.5, 0.0]]))
        Array([0.25], dtype=float32)
    """
    target, preds = pair(target, preds)
    is_true = target > 0
    violation = jnp.maximum(0, 1 + difference(preds[..., None, :], preds[..., :, None]))
    pairs = is_true[..., :, None] & ~is_true[..., None, :]
    return jnp.sum(jnp.where(pairs, violation, 0), axis=(-2, -1)) / preds.shape[-1]


class MultilabelMargin(from_function(multilabel_margin), init=False):
    """Reduces `multilabel_margin` over a batch."""


@explains_arguments
def multilabel_soft_margin(
    target: Any, preds: Any, *, class_weights: Sequence[float] | None = None
) -> jax.Array:
    """The mean binary crossentropy over the labels, from logits.

    Args:
        target: 1 for true labels, 0 for false ones, `[..., classes]`.
        preds: Logits of the same shape.
        class_weights: A factor for each label.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multilabel_soft_margin(jnp.array([[1, 0]]), jnp.zeros((1, 2)))
        Array([0.6931472], dtype=float32)
    """
    loss = crossentropy(target, preds, binary=True)
    if class_weights is not None:
        loss = loss * as_class_weights(class_weights, loss.shape[-1], loss.dtype)
    return jnp.mean(loss, axis=-1)


class MultilabelSoftMargin(from_function(multilabel_soft_margin), init=False):
    """Reduces `multilabel_soft_margin` over a batch, with the options of the function."""
