"""Sparsemax, whose probabilities may be exactly 0, and Fenchel-Young losses in general."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import explains_arguments, pair, signs
from jax_metrics.losses.base import from_function
from jax_metrics.losses.classification._difference import difference
from jax_metrics.losses.labels import at_label, class_labels, nan_where


@explains_arguments
def sparsemax(target: Any, preds: Any) -> jax.Array:
    """The binary sparsemax loss of each element: 0 for margins of 1 and more.

    Source: Blondel, Martins and Niculae, Learning with Fenchel-Young Losses,
    https://arxiv.org/abs/1901.02324, 2020, section 4.4.

    Args:
        target: Binary labels: 1, or else -1 or 0, `[...]`.
        preds: Scores of the same shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.sparsemax(jnp.array([1, 1, 0]), jnp.array([1.0, 0.0, 3.0]))
        Array([0.  , 0.25, 3.  ], dtype=float32)
    """
    target, preds = pair(target, preds)
    # Not optax' form, whose gradient is NaN where a score is infinite.
    margin = signs(target) * preds
    return (1 - jnp.clip(margin, -1, 1)) ** 2 / 4 + jnp.maximum(0, -1 - margin)


class Sparsemax(from_function(sparsemax), init=False):
    """Reduces `sparsemax` over a batch."""


@explains_arguments
def multiclass_sparsemax(target: Any, preds: Any) -> jax.Array:
    """The sparsemax loss: 0 where the label leads by 1 or more.

    Source: Martins and Astudillo, From Softmax to Sparsemax, https://arxiv.org/abs/1602.02068.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.multiclass_sparsemax(jnp.array([0, 1]), jnp.array([[1.0, 0.0], [1.0, 0.0]]))
        Array([0., 1.], dtype=float32)
    """
    target, preds, wrong = class_labels(target, preds)
    # Only differences matter, and projecting large scores loses digits: 0.546 for 0.5625 at 1e6.
    preds = difference(preds, jax.lax.stop_gradient(jnp.max(preds, axis=-1, keepdims=True)))
    # Scores that are more than 1 below the largest have the probability 0, however low they are.
    bounded = jnp.maximum(preds, -2)
    flat = optax.losses.multiclass_sparsemax_loss(
        bounded.reshape(-1, preds.shape[-1]), target.reshape(-1)
    )
    rest = at_label(bounded, target) - at_label(preds, target)
    return nan_where(wrong, flat.reshape(target.shape) + rest)


class MulticlassSparsemax(from_function(multiclass_sparsemax), init=False):
    """Reduces `multiclass_sparsemax` over a batch."""


@explains_arguments
def fenchel_young(
    target: Any, preds: Any, *, max_fun: Callable[[jax.Array], jax.Array]
) -> jax.Array:
    """`max_fun(preds) - dot(target, preds)`.

    The gradient of `max_fun` maps scores to a prediction. With `logsumexp` it is the softmax, and
    the loss is the crossentropy minus the entropy of the targets.

    Source: Blondel, Martins and Niculae, Learning with Fenchel-Young Losses,
    https://arxiv.org/abs/1901.02324, 2020.

    Args:
        target: True values, `[..., n]`, such as one-hot labels.
        preds: Scores of the same shape.
        max_fun: A convex function from scores `[n]` to a number.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> scores = jnp.zeros((1, 2))
        >>> jm.losses.fenchel_young(jnp.eye(2)[:1], scores, max_fun=jax.nn.logsumexp)
        Array([0.6931472], dtype=float32)
    """
    target, preds = pair(target, preds)
    function: Any = max_fun
    return optax.losses.make_fenchel_young_loss(function)(preds, target)


class FenchelYoung(from_function(fenchel_young), init=False):
    """Reduces `fenchel_young` over a batch, with the options of the function."""
