"""Connectionist temporal classification: labels that are not aligned with the frames."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import (
    as_array,
    as_float,
    bounded,
    check_lengths,
    explains_arguments,
    widened,
)
from jax_metrics.losses.base import LossOptions, from_function
from jax_metrics.losses.labels import check_labels, either, nan_where


@explains_arguments
def ctc(
    target: Any,
    preds: Any,
    *,
    target_length: Any = None,
    preds_length: Any = None,
    blank: int = 0,
    zero_infinity: bool = False,
    by_target_length: bool = False,
) -> jax.Array:
    """Minus the log-probability of the labels over all ways to align them with the frames.

    Source: Graves et al., Connectionist Temporal Classification, 2006.

    Args:
        target: Integer labels, `[n, labels]`, without blanks.
        preds: Logits, `[n, frames, classes]`.
        target_length: The number of valid labels, integers `[n]`; None for all.
        preds_length: The number of valid frames, integers `[n]`; None for all.
        blank: The class of the blank symbol.
        zero_infinity: Whether the loss is 0 instead of infinity for labels that do not fit into the
            frames. The gradient is 0 either way.
        by_target_length: Whether to divide each loss by the number of its labels, as PyTorch does
            in its mean.

    Returns:
        The losses, `[n]`; under `jit` NaN for a label that is not a class or a length that is
        outside of its sequence.

    Raises:
        ValueError: If a shape does not fit; or, outside of `jit`, if a label is not a class or a
            length is outside of its sequence.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> losses = jm.losses.ctc(jnp.array([[1]]), jnp.zeros((1, 2, 2)))  # -log(3 / 4)
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.2877]
    """
    target, preds = widened(as_array("target", target)), as_float("preds", preds)
    if preds.ndim != 3 or target.ndim != 2 or target.shape[0] != preds.shape[0]:
        raise ValueError(
            "target must be labels [n, labels] and preds logits [n, frames, classes], but got "
            f"target {list(target.shape)}, preds {list(preds.shape)}."
        )
    if not jnp.issubdtype(target.dtype, jnp.integer):
        raise TypeError(f"target must be labels as integers, but is {target.dtype}.")
    classes = preds.shape[-1]
    if not 0 <= blank < classes:
        raise ValueError(f"blank must be one of the {classes} classes, but is {blank}.")
    target_length, outside = check_lengths("target_length", target_length, target)
    labels = jnp.arange(target.shape[1]) < target_length[:, None]
    preds_length, beyond = check_lengths("preds_length", preds_length, preds)
    frames = jnp.arange(preds.shape[1]) < preds_length[:, None]
    wrong = check_labels(target, classes, ignored=~labels)
    wrong = either(None if wrong is None else wrong.any(-1), either(outside, beyond))
    target = jnp.where(labels, target, 0)
    loss = optax.losses.ctc_loss(
        jnp.where(frames[..., None], preds, 0),
        (~frames).astype(preds.dtype),
        target,
        (~labels).astype(preds.dtype),
        blank_id=blank,
    )
    # A label and its repetition need a blank between them.
    repeated = (target[:, 1:] == target[:, :-1]) & labels[:, 1:]
    needed = jnp.sum(labels, -1) + jnp.sum(repeated, -1)
    fits = needed <= jnp.sum(frames, -1)
    loss = bounded(loss, 0)  # rounding must not make a probability larger than 1
    loss = jnp.where(fits, loss, 0 if zero_infinity else jnp.inf)
    if by_target_length:
        loss = loss / jnp.maximum(jnp.sum(labels, -1), 1)
    return nan_where(wrong, loss)


class CTC(from_function(ctc, "target_length", "preds_length"), init=False):
    """Reduces `ctc` over a batch; `target_length` and `preds_length` may come with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.CTC()
        >>> target, preds = jnp.array([[1, 0]]), jnp.zeros((1, 2, 2))
        >>> print(f"{loss(target=target, preds=preds, target_length=jnp.array([1])):.4f}")
        0.2877
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            blank: int = 0,
            zero_infinity: bool = False,
            by_target_length: bool = False,
            **options: Unpack[LossOptions],
        ) -> None: ...

        def __call__(
            self,
            *,
            target: Any,
            preds: Any,
            target_length: Any = None,
            preds_length: Any = None,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
