"""Crossentropy of binary and of many classes."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from jax_metrics.arguments import as_float, between, log_of, pair, times_log
from jax_metrics.losses._labels import at_label, check_labels, is_sparse, nan_where
from jax_metrics.losses._loss import Loss
from jax_metrics.losses._reduction import Terms
from jax_metrics.losses._smooth_labels import smooth_labels

EPSILON = 1e-7


def crossentropy(
    target: Any,
    preds: Any,
    *,
    binary: bool = False,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | None = None,
    ignore_index: int | None = None,
    check_bounds: bool = True,
    epsilon: float = EPSILON,
) -> jax.Array:
    """The crossentropy of labels and predictions: `-sum(w * target * log(p))` over the classes.

    Args:
        target: Integer labels `[...]`, or probabilities (one-hot) `[..., classes]`. When `binary`,
            labels 0 and 1 or probabilities, of the shape of `preds`.
        preds: Scores `[..., classes]`. When `binary`, one score for each label.
        binary: Whether each element is the score of the second of two classes (one label, or one
            of several that may hold together).
        from_logits: Whether scores are logits; otherwise they are probabilities.
        label_smoothing: See `smooth_labels`.
        class_weights: A factor `w` for each class; two when `binary`, for 0 and for 1.
        ignore_index: Integer labels of this value cost nothing.
        check_bounds: Whether to look for labels that are no classes (and probabilities outside of 0
            to 1): they raise an error, and are NaN under `jit`. Otherwise they give some number.
        epsilon: The least that the probability of a class counts as, if `preds` are probabilities.
            With 0, a label that was thought impossible costs infinity.

    Returns:
        The losses `[...]`: without the axis of classes, or of the shape of `preds` when `binary`.

    Raises:
        ValueError: If a shape does not fit, an option is out of range, or a label is no class.
        TypeError: If labels are no integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.crossentropy(jnp.array([0, 1]), jnp.array([[1e4, 0.0], [1e4, 0.0]]))
        Array([    0., 10000.], dtype=float32)
        >>> jm.losses.crossentropy(jnp.array([1, 0]), jnp.array([1e4, 1e4]), binary=True)
        Array([    0., 10000.], dtype=float32)
    """
    terms = _terms(
        target,
        preds,
        binary=binary,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        ignore_index=ignore_index,
        check_bounds=check_bounds,
        epsilon=epsilon,
    )
    return terms.values if terms.mask is None else jnp.where(terms.mask, terms.values, 0)


class Crossentropy(Loss):
    """The loss of `crossentropy`, with its options.

    With `reduction="mean_over_weights"` the weights of the classes count as weights, so the loss is
    their weighted mean, as in torch. Ignored labels count in no mean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.Crossentropy(ignore_index=-1)
        >>> loss(target=jnp.array([1, -1]), preds=jnp.array([[9e4, 0.0], [5.0, 0.0]]))
        Array(90000., dtype=float32)
    """

    binary: bool = False
    from_logits: bool = True
    label_smoothing: float = 0.0
    class_weights: Sequence[float] | None = None
    ignore_index: int | None = None
    check_bounds: bool = True
    epsilon: float = EPSILON

    def call(self, target: Any, preds: Any) -> Terms:
        """See `crossentropy`."""
        return _terms(
            target,
            preds,
            binary=self.binary,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            class_weights=self.class_weights,
            ignore_index=self.ignore_index,
            check_bounds=self.check_bounds,
            epsilon=self.epsilon,
        )


def _terms(
    target: Any,
    preds: Any,
    *,
    binary: bool,
    from_logits: bool,
    label_smoothing: float,
    class_weights: Sequence[float] | None,
    ignore_index: int | None,
    check_bounds: bool,
    epsilon: float,
) -> Terms:
    between(0, 1, label_smoothing=label_smoothing, epsilon=epsilon)
    target, preds = jnp.asarray(target), as_float("preds", preds)
    keep = None
    if ignore_index is not None:
        if not jnp.issubdtype(target.dtype, jnp.integer) or (
            not binary and target.ndim == preds.ndim
        ):
            raise ValueError(
                f"ignore_index={ignore_index} needs integer labels, but target is "
                f"{target.dtype}{list(target.shape)}. Leave examples out with `mask` instead."
            )
        keep = target != ignore_index
        target = jnp.where(keep, target, 0)
    weights = _checked_weights(class_weights, 2 if binary else preds.shape[-1:], preds.dtype)
    if binary:
        terms = _binary(target, preds, from_logits, label_smoothing, weights, epsilon, check_bounds)
    elif is_sparse(target, preds) and not label_smoothing:
        wrong = check_labels(target, preds.shape[-1]) if check_bounds else None
        label = jnp.clip(target, 0, preds.shape[-1] - 1)
        if from_logits:
            loss = optax.losses.softmax_cross_entropy_with_integer_labels(preds, label)
        else:
            loss = -jnp.log(jnp.maximum(at_label(preds, label), epsilon))
        counts = None if weights is None else weights[label]
        terms = Terms(nan_where(wrong, loss if counts is None else loss * counts), counts)
    else:
        terms = _categorical(
            target, preds, from_logits, label_smoothing, weights, epsilon, check_bounds
        )
    return terms._replace(mask=keep)


def _binary(
    target: jax.Array,
    preds: jax.Array,
    from_logits: bool,
    label_smoothing: float,
    weights: jax.Array | None,
    epsilon: float,
    check_bounds: bool,
) -> Terms:
    target, preds = pair(target, preds)
    wrong = _check_probabilities(target) if check_bounds else None
    counts = None if weights is None else target * weights[1] + (1 - target) * weights[0]
    yes = smooth_labels(target, label_smoothing, binary=True) if label_smoothing else target
    no = 1 - yes
    if weights is not None:
        yes, no = yes * weights[1], no * weights[0]
    if from_logits:
        # Not optax' form: it is NaN where the logit is infinite and right.
        loss = times_log(yes, jax.nn.log_sigmoid(preds)) + times_log(no, jax.nn.log_sigmoid(-preds))
    else:
        loss = _times_log_of(yes, preds, epsilon) + _times_log_of(no, 1 - preds, epsilon)
    return Terms(nan_where(wrong, -loss), counts)


def _categorical(
    target: jax.Array,
    preds: jax.Array,
    from_logits: bool,
    label_smoothing: float,
    weights: jax.Array | None,
    epsilon: float,
    check_bounds: bool,
) -> Terms:
    classes = preds.shape[-1]
    if is_sparse(target, preds):
        wrong = check_labels(target, classes) if check_bounds else None
        target = jax.nn.one_hot(target, classes, dtype=preds.dtype)
    else:
        target = as_float("target", target)
        wrong = _check_probabilities(target) if check_bounds else None
        wrong = None if wrong is None else wrong.any(-1)
    counts = None if weights is None else jnp.sum(target * weights, -1)
    share = smooth_labels(target, label_smoothing) if label_smoothing else target
    share = share if weights is None else share * weights
    if from_logits:
        # Not optax' form: it is NaN where a logit is minus infinity and the probability 0.
        loss = times_log(share, jax.nn.log_softmax(preds, axis=-1))
    else:
        loss = _times_log_of(share, preds, epsilon)
    return Terms(nan_where(wrong, -jnp.sum(loss, axis=-1)), counts)


def _times_log_of(share: jax.Array, probability: jax.Array, epsilon: float) -> jax.Array:
    if epsilon:
        return share * jnp.log(jnp.maximum(probability, epsilon))
    return share * log_of(share, probability)


def _checked_weights(weights: Any, classes: Any, dtype: Any) -> jax.Array | None:
    if weights is None:
        return None
    expected = (classes,) if isinstance(classes, int) else classes
    given = jnp.asarray(weights, dtype)
    if given.shape != expected:
        raise ValueError(
            f"class_weights must have one number for each of {expected[0]} classes, but its shape "
            f"is {list(given.shape)}."
        )
    return given


def _check_probabilities(target: jax.Array) -> jax.Array | None:
    """Which targets are no probabilities; None when all are, which only eager code can know."""
    wrong = (target < 0) | (target > 1)
    if isinstance(wrong, Tracer):
        return wrong
    if bool(wrong.any()):
        found = float(target[jnp.unravel_index(jnp.argmax(wrong), wrong.shape)])
        raise ValueError(
            f"target holds {found:g}, which is neither a label 0 or 1 nor a probability. Labels "
            "that stand for nothing can be left out with `ignore_index`, or with `mask`."
        )
    return None
