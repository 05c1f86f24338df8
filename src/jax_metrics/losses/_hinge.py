"""Hinge losses of scores, and the perceptron's."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import pair, signs
from jax_metrics.losses._labels import at_label, class_labels, nan_where
from jax_metrics.losses._loss import Loss


def hinge(target: Any, preds: Any) -> jax.Array:
    """`max(0, 1 - target * preds)` of each element.

    Args:
        target: Labels 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.hinge(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0.5, 1.5], dtype=float32)
    """
    target, preds = pair(target, preds)
    return optax.losses.hinge_loss(preds, signs(target))


class Hinge(Loss):
    """The loss of `hinge`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.Hinge()(target=jnp.array([1, -1]), preds=jnp.array([0.5, 0.5]))
        Array(1., dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `hinge`."""
        return hinge(target, preds)


def squared_hinge(target: Any, preds: Any) -> jax.Array:
    """The square of `hinge`.

    Args:
        target: Labels 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.squared_hinge(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0.25, 2.25], dtype=float32)
    """
    return hinge(target, preds) ** 2


class SquaredHinge(Loss):
    """The loss of `squared_hinge`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.SquaredHinge()(target=jnp.array([1, -1]), preds=jnp.array([0.5, 0.5]))
        Array(1.25, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `squared_hinge`."""
        return squared_hinge(target, preds)


def multiclass_hinge(target: Any, preds: Any) -> jax.Array:
    """By how much the best other class, plus 1, beats the score of the label: 0 at least.

    Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines, 2001.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.
        TypeError: If labels are no integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multiclass_hinge(jnp.array([0]), jnp.array([[2.0, 1.5, 0.0]]))
        Array([0.5], dtype=float32)
    """
    target, preds, wrong = class_labels(target, preds)
    # Not optax' form, which is NaN where a score is infinite: it multiplies with a one-hot label.
    others = jnp.arange(preds.shape[-1]) != target[..., None]
    best = jnp.max(preds + others, axis=-1)
    return nan_where(wrong, best - at_label(preds, target))


class MulticlassHinge(Loss):
    """The loss of `multiclass_hinge`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MulticlassHinge()
        >>> loss(target=jnp.array([0]), preds=jnp.array([[2.0, 1.5, 0.0]]))
        Array(0.5, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `multiclass_hinge`."""
        return multiclass_hinge(target, preds)


def perceptron(target: Any, preds: Any) -> jax.Array:
    """`max(0, -target * preds)` of each element.

    Source: Rosenblatt, The Perceptron, 1958.

    Args:
        target: Labels 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.perceptron(jnp.array([1, 0]), jnp.array([0.5, 0.5]))
        Array([0. , 0.5], dtype=float32)
    """
    target, preds = pair(target, preds)
    return optax.losses.perceptron_loss(preds, signs(target))


class Perceptron(Loss):
    """The loss of `perceptron`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.Perceptron()(target=jnp.array([1, -1]), preds=jnp.array([0.5, 0.5]))
        Array(0.25, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `perceptron`."""
        return perceptron(target, preds)


def multiclass_perceptron(target: Any, preds: Any) -> jax.Array:
    """By how much the best class beats the score of the label.

    Source: Collins, Discriminative Training Methods for Hidden Markov Models, 2002.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.
        TypeError: If labels are no integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multiclass_perceptron(jnp.array([1]), jnp.array([[2.0, 1.5, 0.0]]))
        Array([0.5], dtype=float32)
    """
    target, preds, wrong = class_labels(target, preds)
    return nan_where(wrong, jnp.max(preds, axis=-1) - at_label(preds, target))


class MulticlassPerceptron(Loss):
    """The loss of `multiclass_perceptron`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MulticlassPerceptron()
        >>> loss(target=jnp.array([1]), preds=jnp.array([[2.0, 1.5, 0.0]]))
        Array(0.5, dtype=float32)
    """

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `multiclass_perceptron`."""
        return multiclass_perceptron(target, preds)
