"""Focal crossentropy, which down-weights well-classified examples."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, multiply_log, pair
from jax_metrics.losses.base import from_function
from jax_metrics.losses.labels import (
    check_probabilities,
    either,
    log_softmax,
    nan_where,
    one_hot_target,
    smooth_labels,
    warn_of_probabilities,
)

EPSILON = 1e-7


@explains_arguments
def binary_focal_crossentropy(
    target: Any,
    preds: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
) -> jax.Array:
    """The binary crossentropy of each element times `(1 - p)**gamma`, for its probability `p`.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    Source: Lin et al., Focal Loss for Dense Object Detection, https://arxiv.org/abs/1708.02002.

    Args:
        target: Labels 0 and 1, or probabilities, `[...]`.
        preds: Scores of the same shape.
        gamma: How fast the weight of easy examples falls; 0 is the crossentropy.
        alpha: The weight of label 1; label 0 has `1 - alpha`. None for no weights.
        from_logits: Whether scores are logits; otherwise they are probabilities, clipped to 1e-7
            and 1 - 1e-7.
        label_smoothing: See `smooth_labels`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.binary_focal_crossentropy(jnp.array([1, 0]), jnp.array([0.0, 9.0]))
        Array([0.1732868, 8.997902 ], dtype=float32)
    """
    target, preds = pair(target, preds)
    if label_smoothing:
        target = smooth_labels(target, label_smoothing, binary=True)
    wrong = None
    if not from_logits:
        wrong = check_probabilities(preds)
        preds = jax.scipy.special.logit(jnp.clip(preds, EPSILON, 1 - EPSILON))
    # Not optax' form: it is NaN where the logit is infinite and correct.
    loss = -multiply_log(target, jax.nn.log_sigmoid(preds))
    loss -= multiply_log(1 - target, jax.nn.log_sigmoid(-preds))
    # The slope of the focus is 0 at infinite logits. Times an infinite loss it would be NaN.
    logits = jnp.where(jnp.isinf(preds), jax.lax.stop_gradient(preds), preds)
    miss = target * jax.nn.sigmoid(-logits) + (1 - target) * jax.nn.sigmoid(logits)
    certain = miss == 0
    focus = jnp.where(certain, 1.0 if gamma == 0 else 0.0, jnp.where(certain, 1, miss) ** gamma)
    loss = jnp.where(certain, 0, focus * jnp.where(certain, 0, loss))
    if alpha is not None:
        loss = (alpha * target + (1 - alpha) * (1 - target)) * loss
    return nan_where(wrong, loss)


class BinaryFocalCrossentropy(from_function(binary_focal_crossentropy), init=False):
    """Reduces `binary_focal_crossentropy` over a batch, with the options of the function."""


@explains_arguments
def categorical_focal_crossentropy(
    target: Any,
    preds: Any,
    *,
    gamma: float = 2.0,
    alpha: float | Sequence[float] | None = None,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
) -> jax.Array:
    """`-sum(alpha * (1 - p)**gamma * target * log(p))` over the classes.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    Source: as for `binary_focal_crossentropy`.

    Args:
        target: Integer labels `[...]`, or probabilities `[..., classes]`.
        preds: Scores, `[..., classes]`.
        gamma: How fast the weight of easy examples falls; 0 is the crossentropy.
        alpha: A factor, or one for each class; None for 1.
        from_logits: Whether scores are logits; otherwise they are probabilities, clipped to at
            least 1e-7.
        label_smoothing: See `smooth_labels`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.categorical_focal_crossentropy(jnp.array([0]), jnp.zeros((1, 2)))
        Array([0.1732868], dtype=float32)
    """
    target, preds, wrong = one_hot_target(target, preds)
    if label_smoothing:
        target = smooth_labels(target, label_smoothing)
    if from_logits:
        warn_of_probabilities(preds)
        log = log_softmax(preds)
        log = jnp.where((target == 0) & jnp.isneginf(log), 0, log)
    else:
        outside = check_probabilities(preds)
        wrong = either(wrong, None if outside is None else outside.any(-1))
        log = jnp.log(jnp.maximum(preds, EPSILON))
    # Computing 1 - p from the logarithm keeps its digits for p near 1. At p = 1 the loss is 0; the
    # power would have an infinite gradient there for gamma < 1.
    certain = log >= 0
    # The slope of the focus is 0 at p = 0, too. Times an infinite logarithm it would be NaN.
    constant = certain | jnp.isneginf(log)
    focus = jnp.where(constant, 1.0, (-jnp.expm1(jnp.where(constant, -1, log))) ** gamma)
    focus = jnp.where(certain, 0.0, focus)
    focus = focus if alpha is None else focus * jnp.asarray(alpha, log.dtype)
    return nan_where(wrong, -jnp.sum(focus * target * log, axis=-1))


class CategoricalFocalCrossentropy(from_function(categorical_focal_crossentropy), init=False):
    """Reduces `categorical_focal_crossentropy` over a batch, with the options of the function."""
