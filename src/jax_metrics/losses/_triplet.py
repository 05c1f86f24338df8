"""Triplets: an anchor ought to be closer to the positive than to the negative."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, same_shape
from jax_metrics.losses._loss import Loss

Distance = Callable[[jax.Array, jax.Array], jax.Array]


def triplet_margin(
    anchor: Any,
    positive: Any,
    *,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    swap: bool = False,
    distance: Distance | None = None,
) -> jax.Array:
    """`max(0, margin + d(anchor, positive) - d(anchor, negative))`.

    Source: Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses,
    2016.

    Args:
        anchor: Vectors, `[..., n]`.
        positive: Vectors that belong to the anchors, of the same shape.
        negative: Vectors that do not, of the same shape.
        margin: By how much they ought to be further away.
        p: The norm of the distance, 1 at least; `inf` for the largest difference. The gradient of
            a distance of 0 is 0.
        swap: Whether to use the distance between positive and negative where that is less.
        distance: Takes the place of the norm: a function of two arrays `[..., n]`.

    Raises:
        ValueError: If the shapes differ, or `p` is less than 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> anchor = jnp.zeros((1, 2))
        >>> jm.losses.triplet_margin(anchor, anchor + 3.0, negative=jnp.array([[3.0, 4.0]]))
        Array([0.2426405], dtype=float32)
    """
    if not p >= 1:
        raise ValueError(f"p must be 1 or greater, but is {p}: smaller ones make no distance.")
    anchor, positive, negative = (
        as_float(name, value)
        for name, value in (("anchor", anchor), ("positive", positive), ("negative", negative))
    )
    same_shape(anchor=anchor, positive=positive, negative=negative)
    between = distance if distance is not None else lambda a, b: norm(a - b, p)
    # Not optax' form: it takes no absolute values, so it is wrong for p = 1 and p = 3.
    near, far = between(anchor, positive), between(anchor, negative)
    if swap:
        far = jnp.minimum(far, between(positive, negative))
    return jnp.maximum(0, margin + near - far)


def norm(x: jax.Array, p: float) -> jax.Array:
    """The norm over the last axis; unlike `jnp.linalg.norm` it has the gradient 0 at 0."""
    size = jnp.abs(x)
    if p == 1:
        return jnp.sum(size, axis=-1)
    if p == jnp.inf:
        return jnp.max(size, axis=-1)
    total = jnp.sum(size**p, axis=-1)
    zero = total == 0
    return jnp.where(zero, 0, jnp.where(zero, 1, total) ** (1 / p))


class TripletMargin(Loss):
    """The loss of `triplet_margin`, with its options; all three arrays come with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.TripletMargin()
        >>> x = jnp.zeros((1, 2))
        >>> loss(anchor=x, positive=x, negative=x)
        Array(1., dtype=float32)
    """

    margin: float = 1.0
    p: float = 2.0
    swap: bool = False
    distance: Distance | None = None

    def call(self, anchor: Any, positive: Any, negative: Any) -> jax.Array:
        """See `triplet_margin`."""
        return triplet_margin(
            anchor,
            positive,
            negative=negative,
            margin=self.margin,
            p=self.p,
            swap=self.swap,
            distance=self.distance,
        )
