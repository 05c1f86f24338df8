"""Angles between vectors."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import as_float, bounded, explains_arguments, pair, same_shape, signs
from jax_metrics.losses.base import LossOptions, from_function


@explains_arguments
def cosine_similarity(target: Any, preds: Any, *, axis: int = -1) -> jax.Array:
    """Minus the cosine of the angle between vectors: -1 for the same direction, 1 for the opposite.

    The loss of a zero vector, which has no direction, is 0, and so are its gradients. Add 1 for
    the cosine distance.

    Args:
        target: Vectors, `[..., n]`.
        preds: Vectors of the same shape.
        axis: The axis of the vectors, which is reduced.

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
    """The cosine of the angles, without overflow; 0 where a vector is 0."""
    zero = (jnp.all(a == 0, axis, keepdims=True)) | (jnp.all(b == 0, axis, keepdims=True))
    a, b = (_rescaled(jnp.where(zero, 1, x), axis) for x in (a, b))
    similarity = optax.losses.cosine_similarity(a, b, axis=axis)
    return jnp.where(jnp.squeeze(zero, axis), 0, bounded(similarity, -1, 1))


def _rescaled(x: jax.Array, axis: int) -> jax.Array:
    """The vectors divided by their largest element, so that squares neither overflow nor vanish."""
    return x / jax.lax.stop_gradient(jnp.max(jnp.abs(x), axis, keepdims=True))


class CosineSimilarity(from_function(cosine_similarity), init=False):
    """Reduces `cosine_similarity` over a batch, with the options of the function."""


@explains_arguments
def cosine_embedding(target: Any, preds: Any, *, other: Any, margin: float = 0.0) -> jax.Array:
    """`1 - cos` of similar pairs of vectors, `max(0, cos - margin)` of dissimilar ones.

    Args:
        target: 1 for similar pairs, -1 or 0 for dissimilar ones, `[...]`.
        preds: The first vector of each pair, `[..., n]`.
        other: The second vector of each pair, of the same shape.
        margin: The cosine up to which the loss of dissimilar pairs is 0.

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


class CosineEmbedding(from_function(cosine_embedding, "other"), init=False):
    """Reduces `cosine_embedding` over a batch; `other` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.CosineEmbedding()
        >>> loss(target=jnp.array([1]), preds=jnp.ones((1, 2)), other=-jnp.ones((1, 2)))
        Array(2., dtype=float32)
    """

    if TYPE_CHECKING:

        def __init__(self, *, margin: float = 0.0, **options: Unpack[LossOptions]) -> None: ...

        def __call__(
            self,
            *,
            target: Any,
            preds: Any,
            other: Any,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
