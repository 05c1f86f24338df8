"""Binary and multiclass crossentropy."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.arguments import (
    as_float,
    between,
    equals,
    explains_arguments,
    multiply_log,
    pair,
    safe_log,
)
from jax_metrics.losses.base import Terms, from_function, values_of_terms
from jax_metrics.losses.labels import (
    as_class_weights,
    at_label,
    check_labels,
    check_probabilities,
    either,
    is_sparse,
    log_softmax,
    nan_where,
    shifted_logits,
    smooth_labels,
    target_and_scores,
    warn_of_probabilities,
)


@explains_arguments
@values_of_terms
def crossentropy(
    target: Any,
    preds: Any,
    *,
    binary: bool = False,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | None = None,
    pos_weight: float | Sequence[float] | None = None,
    ignore_index: int | None = None,
    check_bounds: bool = True,
    epsilon: float = 1e-7,
) -> Terms:
    """The crossentropy of labels and predictions: `-sum(w * target * log(p))` over the classes.

    Predictions are logits by default. Probabilities, as after a softmax, need `from_logits=False`.

    Args:
        target: Integer labels `[...]`, or probabilities (one-hot) `[..., classes]`. When `binary`,
            labels 0 and 1 or probabilities, of the shape of `preds`.
        preds: Scores `[..., classes]`. When `binary`, one score for each label.
        binary: Whether each element is the score of the second of two classes (a single label, or
            one of several labels that may be true together).
        from_logits: Whether scores are logits; otherwise they are probabilities.
        label_smoothing: See `smooth_labels`.
        class_weights: A factor `w` for each class; two when `binary`, for 0 and for 1.
        pos_weight: When `binary`, a factor for the labels 1: a number, or one for each of the
            labels along the last axis, such as the number of negatives for each positive. Unlike
            `class_weights`, it does not count as a weight in means.
        ignore_index: Integer labels of this value have the loss 0.
        check_bounds: Whether to check that labels are classes and probabilities between 0 and 1:
            violations raise an error, or return NaN under `jit`. Without the check, the loss is a
            meaningless number. Outside of `jit` there is also a warning if the logits of classes
            look like probabilities.
        epsilon: The lower bound of the probabilities, if `preds` are probabilities. With 0, a label
            of probability 0 has an infinite loss.

    Returns:
        The losses `[...]`: without the axis of classes, or of the shape of `preds` when `binary`.

    Raises:
        ValueError: If a shape does not fit, an option is out of range, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.crossentropy(jnp.array([0, 1]), jnp.array([[1e4, 0.0], [1e4, 0.0]]))
        Array([    0., 10000.], dtype=float32)
        >>> jm.losses.crossentropy(jnp.array([1, 0]), jnp.array([1e4, 1e4]), binary=True)
        Array([    0., 10000.], dtype=float32)
    """
    between(0, 1, label_smoothing=label_smoothing, epsilon=epsilon)
    target, preds = target_and_scores(target, preds)
    mask = None
    if ignore_index is not None:
        if not jnp.issubdtype(target.dtype, jnp.integer) or (
            not binary and target.ndim == preds.ndim
        ):
            raise ValueError(
                f"ignore_index={ignore_index} needs integer labels, but target is "
                f"{target.dtype}{list(target.shape)}. Leave examples out with `mask` instead."
            )
        mask = ~equals(target, ignore_index)
        target = jnp.where(mask, target, 0)
    weights = None
    if class_weights is not None:
        weights = as_class_weights(class_weights, 2 if binary else preds.shape[-1], preds.dtype)
    factor = None if pos_weight is None else _as_pos_weight(pos_weight, binary, preds)
    if binary:
        terms = _binary(
            *(target, preds, from_logits, label_smoothing, weights, factor),
            *(epsilon, check_bounds),
        )
    elif is_sparse(target, preds) and not label_smoothing:
        terms = _sparse(target, preds, from_logits, weights, epsilon, check_bounds)
    else:
        terms = _categorical(
            target, preds, from_logits, label_smoothing, weights, epsilon, check_bounds
        )
    return terms._replace(mask=mask)


class Crossentropy(from_function(crossentropy), init=False):
    """Reduces `crossentropy` over a batch, of logits by default, with the options of the function.

    With `reduction="mean_over_weights"` the class weights count as weights, so the loss is a
    weighted mean, as in torch. Ignored labels are excluded from means.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.Crossentropy(ignore_index=-1)
        >>> loss(target=jnp.array([1, -1]), preds=jnp.array([[9e4, 0.0], [5.0, 0.0]]))
        Array(90000., dtype=float32)
    """


def _as_pos_weight(pos_weight: Any, binary: bool, preds: jax.Array) -> jax.Array:
    if not binary:
        raise ValueError(
            "pos_weight is for labels of their own, `binary=True`. For classes give "
            "`class_weights`, a factor for each."
        )
    factor = jnp.asarray(pos_weight, preds.dtype)
    if factor.shape not in ((), preds.shape[-1:]):
        raise ValueError(
            f"pos_weight must be a number, or {preds.shape[-1]} of them for preds of shape "
            f"{list(preds.shape)}, but has the shape {list(factor.shape)}."
        )
    return factor


def _binary(
    target: jax.Array,
    preds: jax.Array,
    from_logits: bool,
    label_smoothing: float,
    weights: jax.Array | None,
    pos_weight: jax.Array | None,
    epsilon: float,
    check_bounds: bool,
) -> Terms:
    target, preds = pair(target, preds)
    wrong = _check_targets(target) if check_bounds else None
    if check_bounds and not from_logits:
        wrong = either(wrong, check_probabilities(preds))
    weight = None if weights is None else target * weights[1] + (1 - target) * weights[0]
    positive = smooth_labels(target, label_smoothing, binary=True) if label_smoothing else target
    negative = 1 - positive
    if weights is not None:
        positive, negative = positive * weights[1], negative * weights[0]
    if pos_weight is not None:
        positive = positive * pos_weight
    if from_logits:
        # Not optax' form: it is NaN where the logit is infinite and correct.
        log_likelihood = multiply_log(positive, jax.nn.log_sigmoid(preds))
        log_likelihood += multiply_log(negative, jax.nn.log_sigmoid(-preds))
    else:
        log_likelihood = _multiply_bounded_log(positive, preds, epsilon)
        log_likelihood += _multiply_bounded_log_of_complement(negative, preds, epsilon)
    return Terms(nan_where(wrong, -log_likelihood), weight)


def _sparse(
    target: jax.Array,
    preds: jax.Array,
    from_logits: bool,
    weights: jax.Array | None,
    epsilon: float,
    check_bounds: bool,
) -> Terms:
    wrong = check_labels(target, preds.shape[-1]) if check_bounds else None
    label = jnp.clip(target, 0, preds.shape[-1] - 1)
    if from_logits:
        if check_bounds:
            warn_of_probabilities(preds)
        # Not optax' form: it cancels the digits of a probability near 1.
        shifted, log_rest = shifted_logits(preds)
        loss = log_rest - at_label(shifted, label)
    else:
        probability = at_label(preds, label)
        if check_bounds:
            wrong = either(wrong, check_probabilities(preds, probability))
        loss = -jnp.log(jnp.maximum(probability, epsilon))
    weight = None if weights is None else weights[label]
    return Terms(nan_where(wrong, loss if weight is None else loss * weight), weight)


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
        wrong = _check_targets(target) if check_bounds else None
        wrong = None if wrong is None else wrong.any(-1)
        if check_bounds:
            _check_exclusive(target)
    if check_bounds and from_logits:
        warn_of_probabilities(preds)
    elif check_bounds:
        outside = check_probabilities(preds)
        wrong = either(wrong, None if outside is None else outside.any(-1))
    weight = None if weights is None else jnp.sum(target * weights, -1)
    factor = smooth_labels(target, label_smoothing) if label_smoothing else target
    factor = factor if weights is None else factor * weights
    if from_logits:
        # Not optax' form: it is NaN where a logit is minus infinity and the probability 0.
        log_likelihood = multiply_log(factor, log_softmax(preds))
    else:
        log_likelihood = _multiply_bounded_log(factor, preds, epsilon)
    return Terms(nan_where(wrong, -jnp.sum(log_likelihood, axis=-1)), weight)


def _multiply_bounded_log(factor: jax.Array, probability: jax.Array, epsilon: float) -> jax.Array:
    """`factor * log(probability)`, with `epsilon` as the least probability."""
    if epsilon:
        return factor * jnp.log(jnp.maximum(probability, epsilon))
    return factor * safe_log(factor, probability)


def _multiply_bounded_log_of_complement(
    factor: jax.Array, probability: jax.Array, epsilon: float
) -> jax.Array:
    """`factor * log(1 - probability)`, bounded like the above; small probabilities keep digits."""
    rest = 1 - probability
    bounded = rest < epsilon if epsilon else (factor == 0) & (rest == 0)
    log = jnp.log1p(-jnp.where(bounded, 0, probability))
    return factor * jnp.where(bounded, math.log(epsilon) if epsilon else 0, log)


def _check_targets(target: jax.Array) -> jax.Array | None:
    """Marks targets outside of 0 to 1; None if there are none, which is known only outside `jit`.

    Raises:
        ValueError: If there are some, outside of `jit`.
    """
    wrong = (target < 0) | (target > 1)
    if isinstance(wrong, Tracer):
        return wrong
    if bool(wrong.any()):
        first = float(target[jnp.unravel_index(jnp.argmax(wrong), wrong.shape)])
        raise ValueError(
            f"target holds {first:g}, which is neither a label 0 or 1 nor a probability. Leave out "
            "placeholder labels with `ignore_index` or `mask`."
        )
    return None


def _check_exclusive(target: jax.Array) -> None:
    """Checks that targets of classes do not sum to more than 1, which is known outside `jit` only.

    Raises:
        ValueError: If some do.
    """
    sums = target.sum(-1)
    if not isinstance(sums, Tracer) and sums.size and sums.max() > 1.02:
        raise ValueError(
            f"target has rows that sum to {float(sums.max()):g}, more than 1: several classes of "
            "an example. If they are labels that may be true together, give `binary=True`."
        )
