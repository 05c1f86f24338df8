"""Angles between vectors."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import as_float, pair, same_shape, signs
from jax_metrics.losses._loss import Loss


def cosine_similarity(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """Minus the cosine of the angle between vectors: -1 for the same direction, 1 for the opposite.

    A vector of zeros has no direction: the loss is 0, and so are the gradients. Add 1 for the
    cosine distance.

    Args:
        target: Vectors, `[..., n]`.
        preds: Vectors of the same shape.
        axis: The axis along which the vectors run; it goes away.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> preds = jnp.array([[3.0, 0.0], [0.0, 1e30], [0.0, 0.0]])
        >>> jm.losses.cosine_similarity(jnp.ones((3, 2)), preds).round(4)
        Array([-0.7071, -0.7071, -0.    ], dtype=float32)
    """
    target, preds = pair(target, preds)
    return -cosine(target, preds, axis)


def cosine(a: jax.Array, b: jax.Array, axis: int) -> jax.Array:
    """The cosine of the angles; 0 where a vector is 0. Does not overflow."""
    zero = (jnp.all(a == 0, axis, keepdims=True)) | (jnp.all(b == 0, axis, keepdims=True))
    a, b = (_of_size_one(jnp.where(zero, 1, x), axis) for x in (a, b))
    similarity = optax.losses.cosine_similarity(a, b, axis=axis)
    return jnp.where(jnp.squeeze(zero, axis), 0, similarity)


def _of_size_one(x: jax.Array, axis: int) -> jax.Array:
    """The vectors scaled so that squares neither overflow nor vanish; the angle stays."""
    return x / jax.lax.stop_gradient(jnp.max(jnp.abs(x), axis, keepdims=True))


class CosineSimilarity(Loss):
    """The loss of `cosine_similarity`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.CosineSimilarity()
        >>> loss(target=jnp.ones((1, 2)), preds=jnp.array([[1.0, -1.0]]))
        Array(-0., dtype=float32)
    """

    axis: int = -1

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `cosine_similarity`."""
        return cosine_similarity(target, preds, axis=self.axis)


def cosine_embedding(target: Any, preds: Any, *, other: Any, margin: float = 0.0) -> jax.Array:
    """Draws pairs of vectors together or apart by their angle.

    `1 - cos` for pairs that belong together, `max(0, cos - margin)` for those that do not.

    Args:
        target: Whether they belong together: 1, or else -1 or 0, `[...]`.
        preds: Vectors, `[..., n]`.
        other: The vectors that they are compared with, of the same shape.
        margin: The cosine up to which vectors that do not belong together cost nothing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0]])
        >>> jm.losses.cosine_embedding(jnp.array([1, -1]), x, other=x)
        Array([0., 1.], dtype=float32)
    """
    target, preds, other = (
        as_float(name, value)
        for name, value in (("target", target), ("preds", preds), ("other", other))
    )
    same_shape(preds=preds, other=other)
    similarity = cosine(preds, other, -1)
    if target.shape != similarity.shape:
        raise ValueError(
            f"target must have one label for each pair, {list(similarity.shape)}, but its shape is "
            f"{list(target.shape)}."
        )
    return jnp.where(signs(target) > 0, 1 - similarity, jnp.maximum(0, similarity - margin))


class CosineEmbedding(Loss):
    """The loss of `cosine_embedding`, with its options; `other=` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.CosineEmbedding()
        >>> loss(target=jnp.array([1]), preds=jnp.ones((1, 2)), other=-jnp.ones((1, 2)))
        Array(2., dtype=float32)
    """

    margin: float = 0.0

    def call(self, target: Any, preds: Any, other: Any) -> jax.Array:
        """See `cosine_embedding`."""
        return cosine_embedding(target, preds, other=other, margin=self.margin)
