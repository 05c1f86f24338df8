"""Losses of distances between similar and dissimilar pairs."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, pair, signs
from jax_metrics.losses.base import from_function


@explains_arguments
def hinge_embedding(target: Any, preds: Any, *, margin: float = 1.0) -> jax.Array:
    """The distance of similar pairs, and `max(0, margin - distance)` of dissimilar ones.

    Args:
        target: 1 for similar pairs, -1 or 0 for dissimilar ones, `[...]`.
        preds: The distance of each pair, of the same shape.
        margin: The distance at which the loss of dissimilar pairs becomes 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.hinge_embedding(jnp.array([1, -1]), jnp.array([0.25, 0.25]))
        Array([0.25, 0.75], dtype=float32)
    """
    target, preds = pair(target, preds)
    return jnp.where(signs(target) > 0, preds, jnp.maximum(0, margin - preds))


class HingeEmbedding(from_function(hinge_embedding), init=False):
    """Reduces `hinge_embedding` over a batch, with the options of the function."""
