"""Losses of pairs: one label says how two inputs relate."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, pair, same_shape, signs
from jax_metrics.losses._loss import Loss


def hinge_embedding(target: Any, preds: Any, *, margin: float = 1.0) -> jax.Array:
    """Distances themselves where the label is 1, and `max(0, margin - distance)` elsewhere.

    Args:
        target: Whether two inputs belong together: 1, or else -1 or 0, `[...]`.
        preds: Their distance, of the same shape.
        margin: The distance from which on others cost nothing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.hinge_embedding(jnp.array([1, -1]), jnp.array([0.25, 0.25]))
        Array([0.25, 0.75], dtype=float32)
    """
    target, preds = pair(target, preds)
    return jnp.where(signs(target) > 0, preds, jnp.maximum(0, margin - preds))


class HingeEmbedding(Loss):
    """The loss of `hinge_embedding`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.HingeEmbedding(margin=2)
        >>> loss(target=jnp.array([-1]), preds=jnp.array([0.25]))
        Array(1.75, dtype=float32)
    """

    margin: float = 1.0

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `hinge_embedding`."""
        return hinge_embedding(target, preds, margin=self.margin)


def margin_ranking(target: Any, preds: Any, *, other: Any, margin: float = 0.0) -> jax.Array:
    """`max(0, margin - target * (preds - other))` of each element.

    Args:
        target: 1 where `preds` ought to rank higher than `other`, else -1 or 0; `[...]`.
        preds: Scores of the same shape.
        other: The scores that they are compared with, of the same shape.
        margin: By how much the higher one ought to win.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.margin_ranking(jnp.array([1, -1]), jnp.ones(2), other=jnp.zeros(2))
        Array([0., 1.], dtype=float32)
    """
    target, preds = pair(target, preds)
    other = as_float("other", other)
    same_shape(preds=preds, other=other)
    return jnp.maximum(0, margin - signs(target) * (preds - other))


class MarginRanking(Loss):
    """The loss of `margin_ranking`, with its options; `other=` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MarginRanking(margin=0.5)
        >>> loss(target=jnp.array([1]), preds=jnp.zeros(1), other=jnp.zeros(1))
        Array(0.5, dtype=float32)
    """

    margin: float = 0.0

    def call(self, target: Any, preds: Any, other: Any) -> jax.Array:
        """See `margin_ranking`."""
        return margin_ranking(target, preds, other=other, margin=self.margin)
