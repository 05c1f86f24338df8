"""Triplets: an anchor should be closer to the positive than to the negative."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, explains_arguments, same_shape, subtract
from jax_metrics.losses.base import LossOptions, from_function

Distance = Callable[[jax.Array, jax.Array], jax.Array]


@explains_arguments
def triplet_margin(
    anchor: Any,
    positive: Any,
    *,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    swap: bool = False,
    eps: float = 0.0,
    distance: Distance | None = None,
) -> jax.Array:
    """`max(0, margin + d(anchor, positive) - d(anchor, negative))`.

    Source: Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses,
    2016.

    Args:
        anchor: Vectors, `[..., n]`.
        positive: Vectors of the same class as the anchors, of the same shape.
        negative: Vectors of other classes, of the same shape.
        margin: How much farther away than the positive the negative should be.
        p: The order of the norm, at least 1; `inf` for the largest difference. The gradient of a
            distance of 0 is 0.
        swap: Whether to use the distance between positive and negative if it is smaller.
        eps: Added to each difference before the norm; PyTorch adds 1e-6.
        distance: A function of two arrays `[..., n]`, used instead of the norm.

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
        raise ValueError(f"p must be 1 or greater, but is {p}: smaller orders are not norms.")
    given = {"anchor": anchor, "positive": positive, "negative": negative}
    floats = {name: as_float(name, value) for name, value in given.items()}
    same_shape(**floats)

    def measure(a: str, b: str) -> jax.Array:
        if distance is not None:
            return distance(floats[a], floats[b])
        # Not optax' form: it takes no absolute values, so it is wrong for p = 1 and p = 3.
        return norm(subtract(given[a], given[b]) + eps, p)

    to_positive, to_negative = measure("anchor", "positive"), measure("anchor", "negative")
    if swap:
        to_negative = jnp.minimum(to_negative, measure("positive", "negative"))
    return jnp.maximum(0, margin + (to_positive - to_negative))  # large ones absorb the margin


def norm(x: jax.Array, p: float) -> jax.Array:
    """The norm over the last axis; unlike `jnp.linalg.norm`, its gradient at 0 is 0."""
    size = jnp.abs(x)
    if p == 1:
        return jnp.sum(size, axis=-1)
    if p == jnp.inf:
        return jnp.max(size, axis=-1)
    # Relative to the largest size, so that powers neither overflow nor vanish.
    largest = jax.lax.stop_gradient(jnp.max(size, axis=-1, keepdims=True, initial=0))
    zero = largest[..., 0] == 0
    unit = jnp.where((largest == 0) | jnp.isinf(largest), 1, largest)
    total = jnp.sum((size / unit) ** p, axis=-1)
    return jnp.where(zero, 0, unit[..., 0] * jnp.where(zero, 1, total) ** (1 / p))


class TripletMargin(from_function(triplet_margin, "negative"), init=False):
    """Reduces `triplet_margin` over a batch; `negative` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.TripletMargin()
        >>> x = jnp.zeros((1, 2))
        >>> loss(anchor=x, positive=x, negative=x)
        Array(1., dtype=float32)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            margin: float = 1.0,
            p: float = 2.0,
            swap: bool = False,
            eps: float = 0.0,
            distance: Distance | None = None,
            **options: Unpack[LossOptions],
        ) -> None: ...

        def __call__(
            self,
            *,
            anchor: Any,
            positive: Any,
            negative: Any,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
