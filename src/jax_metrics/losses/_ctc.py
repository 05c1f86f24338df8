"""Sequences whose labels are not aligned with the frames."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import as_float
from jax_metrics.losses._labels import check_labels, nan_where
from jax_metrics.losses._loss import Loss


def ctc(
    target: Any,
    preds: Any,
    *,
    target_length: Any = None,
    preds_length: Any = None,
    blank: int = 0,
    zero_infinity: bool = False,
) -> jax.Array:
    """Minus the log-probability of the labels over all ways to align them with the frames.

    Source: Graves et al., Connectionist Temporal Classification, 2006.

    Args:
        target: Integer labels, `[n, labels]`, without blanks.
        preds: Logits, `[n, frames, classes]`.
        target_length: How many labels count, integers `[n]`; None for all.
        preds_length: How many frames count, integers `[n]`; None for all.
        blank: The class that stands for no label.
        zero_infinity: Whether to give 0, not infinity, for labels that do not fit into the frames.
            Both have the gradient 0.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.
        TypeError: If labels are no integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> losses = jm.losses.ctc(jnp.array([[1]]), jnp.zeros((1, 2, 2)))  # -log(3 / 4)
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.2877]
    """
    target, preds = jnp.asarray(target), as_float("preds", preds)
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
    labels = _within("target_length", target_length, target)
    frames = _within("preds_length", preds_length, preds)
    wrong = check_labels(target, classes, ignored=~labels)
    target = jnp.where(labels, target, 0)
    loss = optax.losses.ctc_loss(
        jnp.where(frames[..., None], preds, 0),
        (~frames).astype(preds.dtype),
        target,
        (~labels).astype(preds.dtype),
        blank_id=blank,
    )
    # A label and its repetition need a blank between them.
    again = (target[:, 1:] == target[:, :-1]) & labels[:, 1:]
    needed = jnp.sum(labels, -1) + jnp.sum(again, -1)
    fits = needed <= jnp.sum(frames, -1)
    loss = jnp.where(fits, loss, 0 if zero_infinity else jnp.inf)
    return nan_where(None if wrong is None else wrong.any(-1), loss)


def _within(name: str, length: Any, array: jax.Array) -> jax.Array:
    """Which positions of the second axis count."""
    size = array.shape[1]
    if length is None:
        return jnp.ones(array.shape[:2], bool)
    length = jnp.asarray(length)
    if length.shape != array.shape[:1] or not jnp.issubdtype(length.dtype, jnp.integer):
        raise ValueError(
            f"{name} must be integers [{array.shape[0]}], one for each sequence, but is "
            f"{length.dtype}{list(length.shape)}."
        )
    return jnp.arange(size) < length[:, None]


class CTC(Loss):
    """The loss of `ctc`, with its options; lengths come with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.CTC()
        >>> target, preds = jnp.array([[1, 0]]), jnp.zeros((1, 2, 2))
        >>> print(f"{loss(target=target, preds=preds, target_length=jnp.array([1])):.4f}")
        0.2877
    """

    blank: int = 0
    zero_infinity: bool = False

    def call(
        self, target: Any, preds: Any, target_length: Any = None, preds_length: Any = None
    ) -> jax.Array:
        """See `ctc`."""
        return ctc(
            target,
            preds,
            target_length=target_length,
            preds_length=preds_length,
            blank=self.blank,
            zero_infinity=self.zero_infinity,
        )
