"""Huber and smooth L1: quadratic near 0, linear beyond."""

from typing import Any

import jax
import optax

from jax_metrics.arguments import explains_arguments, positive, subtract
from jax_metrics.losses.base import from_function


@explains_arguments
def huber(target: Any, preds: Any, *, delta: float = 1.0) -> jax.Array:
    """Huber's loss of each element, with the error `e = |target - preds|`.

    `e**2 / 2` up to `delta`, and `delta * (e - delta / 2)` beyond.

    Source: Huber, Robust Estimation of a Location Parameter, 1964.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.
        delta: The error at which the loss turns from quadratic to linear.

    Raises:
        ValueError: If `delta` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.huber(jnp.zeros(2), jnp.array([0.5, 3.0]))
        Array([0.125, 2.5  ], dtype=float32)
    """
    positive(delta=delta)
    return optax.losses.huber_loss(subtract(target, preds), delta=delta)


@explains_arguments
def smooth_l1(target: Any, preds: Any, *, beta: float = 1.0) -> jax.Array:
    """The smooth L1 loss of each element: `huber(delta=beta) / beta`, with slope 1 beyond `beta`.

    Source: Girshick, Fast R-CNN, https://arxiv.org/abs/1504.08083, 2015.

    Args:
        target: True values, `[...]`.
        preds: Predictions of the same shape.
        beta: The error at which the loss turns from quadratic to linear.

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


class Huber(from_function(huber), init=False):
    """Reduces `huber` over a batch, with the options of the function."""


class SmoothL1(from_function(smooth_l1), init=False):
    """Reduces `smooth_l1` over a batch, with the options of the function."""
