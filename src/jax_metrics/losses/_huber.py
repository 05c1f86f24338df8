"""Huber and smooth L1: squared near 0, absolute further out."""

from typing import Any

import jax
import optax

from jax_metrics.arguments import pair, positive
from jax_metrics.losses._loss import Loss


def huber(target: Any, preds: Any, *, delta: float = 1.0) -> jax.Array:
    """Huber's loss of each element, with the error `e = |target - preds|`.

    `e**2 / 2` up to `delta`, and `delta * (e - delta / 2)` from there on.

    Source: Huber, Robust Estimation of a Location Parameter, 1964.

    Args:
        target: What is right, `[...]`.
        preds: What was predicted, of the same shape.
        delta: The error at which the square turns into a line.

    Raises:
        ValueError: If `delta` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.huber(jnp.zeros(2), jnp.array([0.5, 3.0]))
        Array([0.125, 2.5  ], dtype=float32)
    """
    positive(delta=delta)
    target, preds = pair(target, preds)
    return optax.losses.huber_loss(preds, target, delta=delta)


def smooth_l1(target: Any, preds: Any, *, beta: float = 1.0) -> jax.Array:
    """The smooth L1 loss of each element: `huber(delta=beta) / beta`, whose slope ends at 1.

    Source: Girshick, Fast R-CNN, https://arxiv.org/abs/1504.08083, 2015.

    Args:
        target: What is right, `[...]`.
        preds: What was predicted, of the same shape.
        beta: The error at which the square turns into a line.

    Raises:
        ValueError: If `beta` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.smooth_l1(jnp.zeros(2), jnp.array([0.5, 3.0]), beta=0.5)
        Array([0.25, 2.75], dtype=float32)
    """
    positive(beta=beta)
    return huber(target, preds, delta=beta) / beta


class Huber(Loss):
    """The loss of `huber`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.Huber(delta=2)(target=jnp.zeros(1), preds=jnp.array([3.0]))
        Array(4., dtype=float32)
    """

    delta: float = 1.0

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `huber`."""
        return huber(target, preds, delta=self.delta)


class SmoothL1(Loss):
    """The loss of `smooth_l1`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.SmoothL1(beta=2)(target=jnp.zeros(1), preds=jnp.array([3.0]))
        Array(2., dtype=float32)
    """

    beta: float = 1.0

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `smooth_l1`."""
        return smooth_l1(target, preds, beta=self.beta)
