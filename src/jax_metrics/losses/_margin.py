"""Margins between scores: soft ones, of many classes, of many labels."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of, pair, signs
from jax_metrics.losses._crossentropy import crossentropy
from jax_metrics.losses._labels import at_label, class_labels, nan_where
from jax_metrics.losses._loss import Loss


def soft_margin(target: Any, preds: Any) -> jax.Array:
    """`log(1 + exp(-target * preds))` of each element.

    Args:
        target: Labels 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.soft_margin(jnp.array([1, -1]), jnp.array([0.0, 1e4]))
        Array([6.931472e-01, 1.000000e+04], dtype=float32)
    """
    target, preds = pair(target, preds)
    return jax.nn.softplus(-signs(target) * preds)


class SoftMargin(Loss):
    """The loss of `soft_margin`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.SoftMargin()(target=jnp.array([1, -1]), preds=jnp.zeros(2))
        Array(0.6931472, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `soft_margin`."""
        return soft_margin(target, preds)


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
        p: 1 or 2.
        margin: By how much the label ought to win.
        class_weights: A factor for each class, that of the label counts.

    Raises:
        ValueError: If `p` is another one, a shape does not fit, or a label is no class.
        TypeError: If labels are no integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multi_margin(jnp.array([0]), jnp.array([[2.0, 1.5]]))
        Array([0.25], dtype=float32)
    """
    one_of("p", p, (1, 2))
    target, preds, wrong = class_labels(target, preds)
    classes = preds.shape[-1]
    short = jnp.maximum(0, margin - at_label(preds, target)[..., None] + preds) ** p
    loss = jnp.where(jnp.arange(classes) == target[..., None], 0, short)
    if class_weights is not None:
        weights = jnp.asarray(class_weights, preds.dtype)
        if weights.shape != (classes,):
            raise ValueError(
                f"class_weights must have one number for each of {classes} classes, but its shape "
                f"is {list(weights.shape)}."
            )
        loss = loss * weights[target][..., None]
    return nan_where(wrong, jnp.sum(loss, axis=-1) / classes)


class MultiMargin(Loss):
    """The loss of `multi_margin`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MultiMargin(margin=2)
        >>> loss(target=jnp.array([0]), preds=jnp.array([[2.0, 1.5]]))
        Array(0.75, dtype=float32)
    """

    p: int = 1
    margin: float = 1.0
    class_weights: Sequence[float] | None = None

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `multi_margin`."""
        return multi_margin(
            target, preds, p=self.p, margin=self.margin, class_weights=self.class_weights
        )


def multilabel_margin(target: Any, preds: Any) -> jax.Array:
    """`sum(max(0, 1 - preds[i] + preds[j])) / classes` over labels `i` and classes `j` without one.

    Args:
        target: Which labels hold, as 0 and 1, `[..., classes]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multilabel_margin(jnp.array([[1, 0]]), jnp.array([[0.5, 0.0]]))
        Array([0.25], dtype=float32)
    """
    target, preds = pair(target, preds)
    holds = target > 0
    short = jnp.maximum(0, 1 - preds[..., :, None] + preds[..., None, :])
    counts = holds[..., :, None] & ~holds[..., None, :]
    return jnp.sum(jnp.where(counts, short, 0), axis=(-2, -1)) / preds.shape[-1]


class MultilabelMargin(Loss):
    """The loss of `multilabel_margin`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MultilabelMargin()
        >>> loss(target=jnp.array([[1, 0]]), preds=jnp.array([[0.5, 0.0]]))
        Array(0.25, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `multilabel_margin`."""
        return multilabel_margin(target, preds)


def multilabel_soft_margin(
    target: Any, preds: Any, *, class_weights: Sequence[float] | None = None
) -> jax.Array:
    """The mean binary crossentropy over the labels, from logits.

    Args:
        target: Which labels hold, as 0 and 1, `[..., classes]`.
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
        weights = jnp.asarray(class_weights, loss.dtype)
        if weights.shape != loss.shape[-1:]:
            raise ValueError(
                f"class_weights must have one number for each of {list(loss.shape)[-1:]} labels, "
                f"but its shape is {list(weights.shape)}."
            )
        loss = loss * weights
    return jnp.mean(loss, axis=-1)


class MultilabelSoftMargin(Loss):
    """The loss of `multilabel_soft_margin`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MultilabelSoftMargin(class_weights=[2, 0])
        >>> loss(target=jnp.array([[1, 0]]), preds=jnp.zeros((1, 2)))
        Array(0.6931472, dtype=float32)
    """

    class_weights: Sequence[float] | None = None

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `multilabel_soft_margin`."""
        return multilabel_soft_margin(target, preds, class_weights=self.class_weights)
