"""Pooling to a given output size, for inputs of any size."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn.convolution._spatial import check_rank


class _AdaptivePool(CheckedLayer):
    """The windows of each axis: the i-th of `n` goes from `i * size // n` to the next one's start.

    The end is rounded up, so neighbours overlap where the size is not a multiple of `n`.
    """

    def __init__(self, output_size: int | Sequence[int | None], *, name: str | None = None):
        super().__init__(name)
        sizes = (output_size,) if isinstance(output_size, int) else tuple(output_size)
        if not sizes or any(n is not None and (not isinstance(n, int) or n < 1) for n in sizes):
            raise ValueError(
                "`output_size` needs a positive integer or None for each spatial axis, as in "
                f"`output_size=(7, 7)`; got {output_size!r}."
            )
        self.output_size = sizes

    def _pool(self, x: jax.Array, reduce: Any) -> jax.Array:
        """Reduces the windows of one axis after the other."""
        axes = len(self.output_size)
        check_rank(self, x, axes)
        for axis, outputs in enumerate(self.output_size, start=x.ndim - axes - 1):
            size = x.shape[axis]
            if size == 0:
                raise ValueError(f"{describe_place(self)} got an empty axis: shape {x.shape}.")
            if outputs is None or outputs == size:
                continue
            if size % outputs == 0:
                parts = (*x.shape[:axis], outputs, size // outputs, *x.shape[axis + 1 :])
                x = reduce(x.reshape(parts), axis + 1, None)
                continue
            starts = np.arange(outputs) * size // outputs
            ends = -(-(np.arange(outputs) + 1) * size // outputs)
            index = starts[:, None] + np.arange((ends - starts).max())
            inside = index < ends[:, None]
            values = jnp.take(x, np.minimum(index, size - 1), axis=axis)
            trailing = (1,) * (x.ndim - axis - 1)
            x = reduce(values, axis + 1, inside.reshape(*inside.shape, *trailing))
        return x


class AdaptiveAvgPool(_AdaptivePool):
    """The mean of each of a given number of windows, for inputs of any size.

    Takes an array of shape `[batch..., spatial..., channels]` and returns
    `[batch..., *output_size, channels]`. The windows are those of PyTorch and Keras.

    Args:
        output_size: Output size of each spatial axis; None keeps the axis as it is. An integer
            means one spatial axis.
        name: A name for the module.

    Raises:
        ValueError: If a size is not positive, or the input has too few axes or an empty one.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.AdaptiveAvgPool((2, 2))(jnp.ones((5, 7, 9, 3))).shape
        (5, 2, 2, 3)
    """

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch..., spatial..., channels]`.
        """
        x = jnp.asarray(x)
        dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.float32
        wide = x.astype(jnp.promote_types(dtype, jnp.float32))
        return self._pool(wide, lambda v, axis, where: jnp.mean(v, axis, where=where)).astype(dtype)


class AdaptiveMaxPool(_AdaptivePool):
    """The largest value of each of a given number of windows, for inputs of any size.

    Takes and returns arrays as `AdaptiveAvgPool` does.

    Args:
        output_size: Output size of each spatial axis; None keeps the axis as it is. An integer
            means one spatial axis.
        name: A name for the module.

    Raises:
        ValueError: If a size is not positive, or the input has too few axes or an empty one.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.AdaptiveMaxPool(2)(jnp.arange(5.0)[:, None]).ravel()
        Array([2., 4.], dtype=float32)
    """

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch..., spatial..., channels]`.
        """
        return self._pool(jnp.asarray(x), _max)


def _max(values: jax.Array, axis: int, where: Any) -> jax.Array:
    if where is None:
        return jnp.max(values, axis)
    floating = jnp.issubdtype(values.dtype, jnp.floating)
    lowest = -jnp.inf if floating else jnp.iinfo(values.dtype).min
    return jnp.max(values, axis, where=where, initial=lowest)
