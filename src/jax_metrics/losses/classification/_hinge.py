"""Hinge and perceptron losses of scores."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import explains_arguments, pair, signs
from jax_metrics.losses.base import from_function
from jax_metrics.losses.classification._difference import difference
from jax_metrics.losses.labels import at_label, class_labels, nan_where


@explains_arguments
def hinge(target: Any, preds: Any) -> jax.Array:
    """`max(0, 1 - target * preds)` of each element.

    Args:
        target: Binary labels: 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.hinge(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0.5, 1.5], dtype=float32)
    """
    target, preds = pair(target, preds)
    return optax.losses.hinge_loss(preds, signs(target))


class Hinge(from_function(hinge), init=False):
    """Reduces `hinge` over a batch."""


@explains_arguments
def squared_hinge(target: Any, preds: Any) -> jax.Array:
    """The square of `hinge`.

    Args:
        target: Binary labels: 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.squared_hinge(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0.25, 2.25], dtype=float32)
    """
    return hinge(target, preds) ** 2


class SquaredHinge(from_function(squared_hinge), init=False):
    """Reduces `squared_hinge` over a batch."""


@explains_arguments
def multiclass_hinge(target: Any, preds: Any) -> jax.Array:
    """`max(0, 1 + best other score - score of the label)`.

    Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines, 2001.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multiclass_hinge(jnp.array([0]), jnp.array([[2.0, 1.5, 0.0]]))
        Array([0.5], dtype=float32)
    """
    target, preds, wrong = class_labels(target, preds)
    # Not optax' form, which multiplies by a one-hot label, so it is NaN where a score is infinite,
    # and adds 1 to the scores, which large ones absorb.
    others = jnp.arange(preds.shape[-1]) != target[..., None]
    best = jnp.max(jnp.where(others, preds, -jnp.inf), axis=-1)
    return nan_where(wrong, jnp.maximum(0, 1 + difference(best, at_label(preds, target))))


class MulticlassHinge(from_function(multiclass_hinge), init=False):
    """Reduces `multiclass_hinge` over a batch."""


@explains_arguments
def perceptron(target: Any, preds: Any) -> jax.Array:
    """`max(0, -target * preds)` of each element.

    Source: Rosenblatt, The Perceptron, 1958.

    Args:
        target: Binary labels: 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.perceptron(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0. , 0.5], dtype=float32)
    """
    target, preds = pair(target, preds)
    return optax.losses.perceptron_loss(preds, signs(target))


class Perceptron(from_function(perceptron), init=False):
    """Reduces `perceptron` over a batch."""


@explains_arguments
def multiclass_perceptron(target: Any, preds: Any) -> jax.Array:
    """`best score - score of the label`.

    Source: Collins, Discriminative Training Methods for Hidden Markov Models, 2002.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multiclass_perceptron(jnp.array([1]), jnp.array([[2.0, 1.5, 0.0]]))
        Array([0.5], dtype=float32)
    """
    target, preds, wrong = class_labels(target, preds)
    return nan_where(wrong, difference(jnp.max(preds, axis=-1), at_label(preds, target)))


class MulticlassPerceptron(from_function(multiclass_perceptron), init=False):
    """Reduces `multiclass_perceptron` over a batch."""
