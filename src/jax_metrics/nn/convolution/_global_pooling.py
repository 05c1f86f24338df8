"""Pooling over all spatial axes at once."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._padding import check_masks


class _GlobalPool(CheckedLayer):
    """The pooled axes and the mask."""

    def __init__(self, *, keepdims: bool = False, name: str | None = None):
        super().__init__(name)
        self.keepdims = keepdims

    def _axes(self, x: jax.Array) -> tuple[int, ...]:
        if x.ndim < 3:
            raise ValueError(
                f"{describe_place(self)} expects `[batch, spatial..., channels]`, with at least "
                f"one spatial axis; got shape {x.shape}."
            )
        return tuple(range(1, x.ndim - 1))

    def _where(self, x: jax.Array, mask: Any) -> Any:
        """The mask with a channel axis, as reductions need it.

        Raises:
            ValueError: If the mask has another shape than the positions.
        """
        check_masks(self, mask=mask)
        if mask is None:
            return None
        mask = jnp.asarray(mask, bool)
        if mask.shape != x.shape[:-1]:
            raise ValueError(
                f"`mask` needs the shape [batch, spatial...], {x.shape[:-1]} for inputs of "
                f"{x.shape}; got {mask.shape}."
            )
        return mask[..., None]


class GlobalAvgPool(_GlobalPool):
    """The mean over all spatial axes (Lin et al., 2013).

    Takes an array of shape `[batch, spatial..., channels]` and returns `[batch, channels]`. Half
    precision is summed in float32.

    Args:
        keepdims: Whether to keep the spatial axes, with size one.
        name: A name for the module.

    Raises:
        ValueError: If there is no spatial axis, or the mask has the wrong shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.GlobalAvgPool()(jnp.ones((5, 8, 8, 3))).shape
        (5, 3)
    """

    def __call__(self, x: jax.Array, mask: jax.Array | None = None) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch, spatial..., channels]`.
            mask: True at the positions that count, `[batch, spatial...]`; an example with none
                returns zeros.
        """
        x = jnp.asarray(x)
        axes, where = self._axes(x), self._where(x, mask)
        if where is None:
            return jnp.mean(x, axes, keepdims=self.keepdims)
        wide = jnp.promote_types(x.dtype, jnp.float32)
        total = jnp.sum(x, axes, wide, keepdims=self.keepdims, where=where)
        count = jnp.sum(where, axes, wide, keepdims=self.keepdims)
        mean = total / jnp.maximum(count, 1)
        return mean.astype(x.dtype) if jnp.issubdtype(x.dtype, jnp.inexact) else mean


class GlobalMaxPool(_GlobalPool):
    """The largest value over all spatial axes.

    Takes an array of shape `[batch, spatial..., channels]` and returns `[batch, channels]`.

    Args:
        keepdims: Whether to keep the spatial axes, with size one.
        name: A name for the module.

    Raises:
        ValueError: If there is no spatial axis, or the mask has the wrong shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.GlobalMaxPool()(jnp.arange(6.0).reshape(1, 3, 2))
        Array([[4., 5.]], dtype=float32)
    """

    def __call__(self, x: jax.Array, mask: jax.Array | None = None) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch, spatial..., channels]`.
            mask: True at the positions that count, `[batch, spatial...]`; an example with none
                returns the lowest value of the dtype.
        """
        x = jnp.asarray(x)
        axes, where = self._axes(x), self._where(x, mask)
        if where is None:
            return jnp.max(x, axes, keepdims=self.keepdims)
        floating = jnp.issubdtype(x.dtype, jnp.floating)
        lowest = jnp.finfo(x.dtype).min if floating else jnp.iinfo(x.dtype).min
        return jnp.max(x, axes, keepdims=self.keepdims, where=where, initial=lowest)
