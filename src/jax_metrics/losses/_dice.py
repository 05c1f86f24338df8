"""Overlap of regions: Tversky's index, and Dice's as a case of it."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.losses._labels import nan_where, one_hot_target
from jax_metrics.losses._loss import Loss


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

    `tp`, `fp` and `fn` are what probabilities and targets have in common, what only the
    probabilities have, and what only the targets have, summed over an example.

    Source: Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation,
    https://arxiv.org/abs/1706.05721, 2017.

    Args:
        target: Integer labels `[n, ...]` or probabilities `[n, ..., classes]`. When `binary`,
            labels 0 and 1 or probabilities, of the shape of `preds`.
        preds: Scores `[n, ..., classes]`; when `binary`, `[n, ...]`.
        alpha: What finding too much costs.
        beta: What missing something costs.
        smooth: Added above and below, so that an empty region does not divide by 0.
        binary: Whether there is one region, and each score says whether an element is part of it.
        from_logits: Whether scores are logits; otherwise they are probabilities.
        class_weights: A factor for each class.
        ignore_background: Whether class 0 does not count.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[1, 1, 0]]), jnp.array([[1.0, 0.0, 0.0]])
        >>> options = dict(binary=True, from_logits=False, smooth=0.0)
        >>> jm.losses.tversky(target, preds, **options)
        Array([0.3333333], dtype=float32)
    """
    # Not optax' form, whose check of probabilities raises under `jit`.
    share, found, wrong = _regions(target, preds, binary, from_logits)
    both = _per_class(share * found)
    too_much = _per_class(found) - both
    missed = _per_class(share) - both
    below = both + alpha * too_much + beta * missed + smooth
    # Nothing there, nothing found and no smoothing: that is right.
    nothing = below == 0
    index = jnp.where(nothing, 1, (both + smooth) / jnp.where(nothing, 1, below))
    loss = 1 - index
    if class_weights is not None:
        weights = jnp.asarray(class_weights, loss.dtype)
        if weights.shape != loss.shape[-1:]:
            raise ValueError(
                f"class_weights must have one number for each of {loss.shape[-1]} classes, but its "
                f"shape is {list(weights.shape)}."
            )
        loss = loss * weights
    loss = _without_background(loss, ignore_background)
    return nan_where(wrong, jnp.mean(loss, axis=-1))


class Tversky(Loss):
    """The loss of `tversky`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.Tversky(alpha=0.0, beta=1.0, binary=True, from_logits=False)
        >>> loss(target=jnp.array([[1, 0]]), preds=jnp.array([[1.0, 1.0]]))
        Array(0., dtype=float32)
    """

    alpha: float = 0.5
    beta: float = 0.5
    smooth: float = 1.0
    binary: bool = False
    from_logits: bool = True
    class_weights: Sequence[float] | None = None
    ignore_background: bool = False

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `tversky`."""
        return tversky(
            target,
            preds,
            alpha=self.alpha,
            beta=self.beta,
            smooth=self.smooth,
            binary=self.binary,
            from_logits=self.from_logits,
            class_weights=self.class_weights,
            ignore_background=self.ignore_background,
        )


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

    It is `tversky` with `alpha = beta = 0.5`; the arguments are explained there.

    Source: Milletari, Navab and Ahmadi, V-Net, https://arxiv.org/abs/1606.04797, 2016.

    Args:
        target: Labels or probabilities.
        preds: Scores.
        smooth: See `tversky`, as for all that follow.
        binary: See there.
        from_logits: See there.
        class_weights: See there.
        ignore_background: See there.

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


class Dice(Loss):
    """The loss of `dice`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.Dice(binary=True, from_logits=False)
        >>> loss(target=jnp.array([[1, 0]]), preds=jnp.array([[1.0, 1.0]]))
        Array(0.19999999, dtype=float32)
    """

    smooth: float = 1.0
    binary: bool = False
    from_logits: bool = True
    class_weights: Sequence[float] | None = None
    ignore_background: bool = False

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `dice`."""
        return dice(
            target,
            preds,
            smooth=self.smooth,
            binary=self.binary,
            from_logits=self.from_logits,
            class_weights=self.class_weights,
            ignore_background=self.ignore_background,
        )


def generalized_dice(
    target: Any, preds: Any, *, from_logits: bool = True, ignore_background: bool = False
) -> jax.Array:
    """`1 - 2 * sum(w * tp) / sum(w * (size of target + size of preds))` over the classes.

    The weights `w` are `1 / (size of target)**2`, so that small regions count as much as large
    ones; a class that is not there gets the largest weight of those that are.

    Source: Sudre et al., Generalised Dice Overlap as a Deep Learning Loss Function for Highly
    Unbalanced Segmentations, https://arxiv.org/abs/1707.03237, 2017.

    Args:
        target: Integer labels `[n, ...]`, or probabilities `[n, ..., classes]`.
        preds: Scores, `[n, ..., classes]`.
        from_logits: Whether scores are logits; otherwise they are probabilities.
        ignore_background: Whether class 0 does not count.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.generalized_dice(jnp.array([[0, 1]]), jnp.zeros((1, 2, 2)))
        Array([0.5], dtype=float32)
    """
    share, found, wrong = _regions(target, preds, False, from_logits)
    both, size_found, size = (
        _without_background(_per_class(x), ignore_background) for x in (share * found, found, share)
    )
    there = size > 0
    weights = jnp.where(there, 1 / jnp.where(there, size, 1) ** 2, 0)
    largest = jnp.max(weights, axis=-1, keepdims=True)
    weights = jnp.where(there, weights, jnp.where(largest > 0, largest, 1))
    below = jnp.sum(weights * (size + size_found), axis=-1)
    nothing = below == 0
    index = 2 * jnp.sum(weights * both, axis=-1) / jnp.where(nothing, 1, below)
    return nan_where(wrong, jnp.where(nothing, 0, 1 - index))


class GeneralizedDice(Loss):
    """The loss of `generalized_dice`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.GeneralizedDice()
        >>> loss(target=jnp.array([[0, 1]]), preds=jnp.zeros((1, 2, 2)))
        Array(0.5, dtype=float32)
    """

    from_logits: bool = True
    ignore_background: bool = False

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `generalized_dice`."""
        return generalized_dice(
            target,
            preds,
            from_logits=self.from_logits,
            ignore_background=self.ignore_background,
        )


def _regions(
    target: Any, preds: Any, binary: bool, from_logits: bool
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    """Targets and probabilities, `[n, ..., classes]`, and which examples have wrong labels."""
    if binary:
        target, preds = pair(target, preds)
        found = jax.nn.sigmoid(preds) if from_logits else preds
        target, found, wrong = target[..., None], found[..., None], None
    else:
        target, preds, wrong = one_hot_target(target, preds)
        found = jax.nn.softmax(preds, axis=-1) if from_logits else preds
    if found.ndim < 3:
        raise ValueError(
            "preds must have an axis of examples, one or more of elements"
            f"{'' if binary else ', and one of classes'}, but its shape is {list(preds.shape)}. "
            "Write `target[None]` and `preds[None]` for a single example."
        )
    wrong = None if wrong is None else wrong.reshape(wrong.shape[0], -1).any(-1)
    return target, found, wrong


def _per_class(x: jax.Array) -> jax.Array:
    return jnp.sum(x, axis=tuple(range(1, x.ndim - 1)))


def _without_background(x: jax.Array, ignore: bool) -> jax.Array:
    return x[..., 1:] if ignore and x.shape[-1] > 1 else x
