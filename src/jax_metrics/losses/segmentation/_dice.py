"""Overlap of regions: the Tversky index, and the Dice index as a special case."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, pair
from jax_metrics.losses.base import from_function
from jax_metrics.losses.labels import (
    as_class_weights,
    check_probabilities,
    either,
    nan_where,
    one_hot_target,
    warn_of_probabilities,
)


@explains_arguments
def tversky(
    target: Any,
    preds: Any,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    smooth: float = 1.0,
    binary: bool = False,
    from_logits: bool = True,
    class_weights: Sequence[float] | None = None,
    ignore_background: bool = False,
) -> jax.Array:
    """`1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)`, the mean over the classes.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    `tp`, `fp` and `fn` are soft counts of true positives, false positives and false negatives,
    summed over the elements of an example.

    Source: Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation,
    https://arxiv.org/abs/1706.05721, 2017.

    Args:
        target: Integer labels `[n, ...]` or probabilities `[n, ..., classes]`. When `binary`,
            labels 0 and 1 or probabilities, of the shape of `preds`.
        preds: Scores `[n, ..., classes]`; when `binary`, `[n, ...]`.
        alpha: The weight of false positives.
        beta: The weight of false negatives.
        smooth: Added to numerator and denominator, so that an empty region does not divide by 0.
        binary: Whether there is a single region, with one score for each element.
        from_logits: Whether scores are logits; otherwise they are probabilities.
        class_weights: A factor for each class.
        ignore_background: Whether to leave class 0 out.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[1, 1, 0]]), jnp.array([[1.0, 0.0, 0.0]])
        >>> options = dict(binary=True, from_logits=False, smooth=0.0)
        >>> jm.losses.tversky(target, preds, **options)
        Array([0.3333333], dtype=float32)
    """
    # Not optax' form, whose check of probabilities raises under `jit`.
    target, preds, wrong = _probabilities(target, preds, binary, from_logits)
    tp = _sum_per_class(target * preds)
    fp = _sum_per_class(preds) - tp
    fn = _sum_per_class(target) - tp
    denominator = tp + alpha * fp + beta * fn + smooth
    # An empty prediction of an empty region, without smoothing, is perfect.
    empty = denominator == 0
    loss = 1 - jnp.where(empty, 1, (tp + smooth) / jnp.where(empty, 1, denominator))
    if class_weights is not None:
        loss = loss * as_class_weights(class_weights, loss.shape[-1], loss.dtype)
    loss = _without_background(loss, ignore_background)
    return nan_where(wrong, jnp.mean(loss, axis=-1))


class Tversky(from_function(tversky), init=False):
    """Reduces `tversky` over a batch, with the options of the function."""


@explains_arguments
def dice(
    target: Any,
    preds: Any,
    *,
    smooth: float = 1.0,
    binary: bool = False,
    from_logits: bool = True,
    class_weights: Sequence[float] | None = None,
    ignore_background: bool = False,
) -> jax.Array:
    """`1 - (2 * tp + s) / (size of target + size of preds + s)`, with `s = 2 * smooth`.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    It equals `tversky` with `alpha = beta = 0.5`; see there for the options.

    Source: Milletari, Navab and Ahmadi, V-Net, https://arxiv.org/abs/1606.04797, 2016.

    Args:
        target: Labels or probabilities.
        preds: Scores.
        smooth: See `tversky`.
        binary: See `tversky`.
        from_logits: See `tversky`.
        class_weights: See `tversky`.
        ignore_background: See `tversky`.

    Returns:
        The losses, `[n]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> labels = jnp.array([[0, 1]])
        >>> jm.losses.dice(labels, jnp.array([[[9.0, -9.0], [-9.0, 9.0]]])).round(4)
        Array([0.], dtype=float32)
    """
    return tversky(
        target,
        preds,
        smooth=smooth,
        binary=binary,
        from_logits=from_logits,
        class_weights=class_weights,
        ignore_background=ignore_background,
    )


class Dice(from_function(dice), init=False):
    """Reduces `dice` over a batch, with the options of the function."""


@explains_arguments
def generalized_dice(
    target: Any, preds: Any, *, from_logits: bool = True, ignore_background: bool = False
) -> jax.Array:
    """`1 - 2 * sum(w * tp) / sum(w * (size of target + size of preds))` over the classes.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    The weights `w` are `1 / (size of target)**2`, so that small regions count as much as large
    ones; a class absent from the targets gets the largest weight of those present.

    Source: Sudre et al., Generalised Dice Overlap as a Deep Learning Loss Function for Highly
    Unbalanced Segmentations, https://arxiv.org/abs/1707.03237, 2017.

    Args:
        target: Integer labels `[n, ...]`, or probabilities `[n, ..., classes]`.
        preds: Scores, `[n, ..., classes]`.
        from_logits: Whether scores are logits; otherwise they are probabilities.
        ignore_background: Whether to leave class 0 out.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.generalized_dice(jnp.array([[0, 1]]), jnp.zeros((1, 2, 2)))
        Array([0.5], dtype=float32)
    """
    target, preds, wrong = _probabilities(target, preds, False, from_logits)
    tp, preds_size, target_size = (
        _without_background(_sum_per_class(x), ignore_background)
        for x in (target * preds, preds, target)
    )
    present = target_size > 0
    weights = jnp.where(present, 1 / jnp.where(present, target_size, 1) ** 2, 0)
    largest = jnp.max(weights, axis=-1, keepdims=True)
    weights = jnp.where(present, weights, jnp.where(largest > 0, largest, 1))
    denominator = jnp.sum(weights * (target_size + preds_size), axis=-1)
    empty = denominator == 0
    index = 2 * jnp.sum(weights * tp, axis=-1) / jnp.where(empty, 1, denominator)
    return nan_where(wrong, jnp.where(empty, 0, 1 - index))


class GeneralizedDice(from_function(generalized_dice), init=False):
    """Reduces `generalized_dice` over a batch, with the options of the function."""


def _probabilities(
    target: Any, preds: Any, binary: bool, from_logits: bool
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    """True and predicted probabilities `[n, ..., classes]`, and a mask `[n]` of wrong labels."""
    if binary:
        target, preds = pair(target, preds)
        probabilities = jax.nn.sigmoid(preds) if from_logits else preds
        target, probabilities, wrong = target[..., None], probabilities[..., None], None
    else:
        target, preds, wrong = one_hot_target(target, preds)
        probabilities = jax.nn.softmax(preds, axis=-1) if from_logits else preds
    if probabilities.ndim < 3:
        raise ValueError(
            "preds must have an axis of examples, one or more of elements"
            f"{'' if binary else ', and one of classes'}, but its shape is {list(preds.shape)}. "
            "Write `target[None]` and `preds[None]` for a single example."
        )
    if not from_logits:
        outside = check_probabilities(probabilities)
        wrong = either(wrong, None if outside is None else outside.any(-1))
    elif not binary:
        warn_of_probabilities(preds)
    wrong = None if wrong is None else wrong.any(tuple(range(1, wrong.ndim)))
    return target, probabilities, wrong


def _sum_per_class(x: jax.Array) -> jax.Array:
    return jnp.sum(x, axis=tuple(range(1, x.ndim - 1)))


def _without_background(x: jax.Array, ignore: bool) -> jax.Array:
    return x[..., 1:] if ignore and x.shape[-1] > 1 else x
