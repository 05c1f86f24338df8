"""Pooling as functions."""

from collections.abc import Sequence
from typing import Any

import jax

from jax_metrics.nn.convolution._pooling import AvgPool, MaxPool
from jax_metrics.tree import outside_compact


def avg_pool(
    inputs: jax.Array,
    window_shape: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Any = "VALID",
    count_include_pad: bool = True,
) -> jax.Array:
    """The mean of each window: `AvgPool` as a function.

    Args:
        inputs: Shape `[batch..., spatial..., channels]`.
        window_shape: Size of a window along each spatial axis; an integer for one axis.
        strides: Steps between windows; None: the window's size, where Flax has 1.
        padding: As in `AvgPool`.
        count_include_pad: Whether the zeros that were added count in the mean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.avg_pool(jnp.ones((5, 8, 8, 3)), (2, 2)).shape
        (5, 4, 4, 3)
    """
    with outside_compact():
        layer = AvgPool(window_shape, strides, padding=padding, count_include_pad=count_include_pad)
    return layer(inputs)


def max_pool(
    inputs: jax.Array,
    window_shape: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Any = "VALID",
) -> jax.Array:
    """The largest value of each window: `MaxPool` as a function.

    Args:
        inputs: Shape `[batch..., spatial..., channels]`.
        window_shape: Size of a window along each spatial axis; an integer for one axis.
        strides: Steps between windows; None: the window's size, where Flax has 1.
        padding: As in `AvgPool`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.max_pool(jnp.ones((5, 8, 8, 3)), (2, 2)).shape
        (5, 4, 4, 3)
    """
    with outside_compact():
        layer = MaxPool(window_shape, strides, padding=padding)
    return layer(inputs)
