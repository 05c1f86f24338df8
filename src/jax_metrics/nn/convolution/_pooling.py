"""Pooling over windows: one value per window position."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn.convolution._spatial import (
    as_shape,
    check_one_axis,
    check_rank,
    padding_pairs,
    per_axis,
)


class _Pool(CheckedLayer):
    """The position of the windows; subclasses reduce their values."""

    def __init__(
        self,
        window_shape: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        *,
        padding: Any = "VALID",
        window_dilation: int | Sequence[int] = 1,
        name: str | None = None,
    ):
        super().__init__(name)
        self.window_shape = as_shape(window_shape, "window_shape")
        self._one_size = window_shape if isinstance(window_shape, int) else None
        axes = len(self.window_shape)
        self.strides = self.window_shape if strides is None else per_axis(strides, axes, "strides")
        self.window_dilation = per_axis(window_dilation, axes, "window_dilation")
        if isinstance(padding, str):
            padding = padding.upper()
            if padding not in ("SAME", "VALID"):
                raise ValueError(f"`padding` may be 'SAME', 'VALID' or numbers; got {padding!r}.")
        else:
            padding = padding_pairs(padding, axes)
            for size, pair in zip(self._extent, padding, strict=True):
                if not 0 <= min(pair) <= max(pair) < size:
                    raise ValueError(
                        f"`padding` must be at least 0 and less than the window, or some windows "
                        f"hold nothing but padding; got {padding} for windows of {self._extent}."
                    )
        self.padding = padding

    @property
    def _extent(self) -> tuple[int, ...]:
        """The size of a window with its gaps."""
        sizes = zip(self.window_shape, self.window_dilation, strict=True)
        return tuple((size - 1) * dilation + 1 for size, dilation in sizes)

    def _pads(self, x: jax.Array) -> tuple[tuple[int, int], ...]:
        """The padding of each spatial axis, in numbers.

        Raises:
            ValueError: If the window does not fit in.
        """
        axes = len(self.window_shape)
        check_rank(self, x, axes)
        check_one_axis(self, "window_shape", self._one_size, x)
        spatial = x.shape[-axes - 1 : -1]
        pads = self.padding
        if isinstance(pads, str):
            pads = jax.lax.padtype_to_pads(spatial, self._extent, self.strides, pads)
        for size, extent, pair in zip(spatial, self._extent, pads, strict=True):
            if size + sum(pair) < extent:
                raise ValueError(
                    f"{describe_place(self)} has windows of {self._extent}, which do not fit into "
                    f"the spatial axes {spatial} with the padding {self.padding!r}. Use a smaller "
                    "window, or `padding='SAME'`."
                )
        return tuple((int(low), int(high)) for low, high in pads)

    def _reduce(self, x: jax.Array, initial: Any, operator: Any) -> jax.Array:
        """Folds the values of each window."""

        def with_others(values: Sequence[Any], other: Any) -> tuple[Any, ...]:
            return (other,) * (x.ndim - len(values) - 1) + tuple(values) + (other,)

        return jax.lax.reduce_window(
            x,
            np.asarray(initial, x.dtype),
            operator,
            with_others(self.window_shape, 1),
            with_others(self.strides, 1),
            with_others(self._pads(x), (0, 0)),
            window_dilation=with_others(self.window_dilation, 1),
        )

    def _sum(self, x: jax.Array) -> jax.Array:
        return self._reduce(x, 0, jax.lax.add)


class AvgPool(_Pool):
    """The mean of each window.

    Takes an array of shape `[batch..., spatial..., channels]`, with as many spatial axes as
    `window_shape` has entries, and returns an array with shorter spatial axes. Half-precision
    inputs are summed in float32; integer inputs return float32.

    Args:
        window_shape: Size of a window along each spatial axis; an integer for one axis.
        strides: Steps between windows, one number or one for each axis; None: the window's size.
        padding: `"VALID"`, `"SAME"`, or numbers of zeros to add: one, or for each axis a number
            or a pair `(before, after)`.
        count_include_pad: Whether the zeros that were added count in the mean.
        name: A name for the module.

    Raises:
        ValueError: If the numbers do not fit together, or a window does not fit into the input.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.AvgPool((2, 2))(jnp.ones((5, 8, 8, 3))).shape
        (5, 4, 4, 3)
    """

    def __init__(
        self,
        window_shape: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        *,
        padding: Any = "VALID",
        count_include_pad: bool = True,
        name: str | None = None,
    ):
        super().__init__(window_shape, strides, padding=padding, name=name)
        self.count_include_pad = count_include_pad

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch..., spatial..., channels]`.
        """
        x = jnp.asarray(x)
        dtype = x.dtype if _is_float(x) else jnp.dtype(jnp.float32)
        x = x.astype(jnp.promote_types(dtype, jnp.float32))
        total = self._sum(x)
        if self.count_include_pad:
            count = np.prod(self.window_shape)
        else:
            axes = len(self.window_shape)
            count = self._sum(jnp.ones((*x.shape[-axes - 1 : -1], 1), x.dtype))
        return (total / count).astype(dtype)


class MaxPool(_Pool):
    """The largest value of each window; NaN where the window contains NaN.

    Takes an array of shape `[batch..., spatial..., channels]`, with as many spatial axes as
    `window_shape` has entries, and returns the same dtype with shorter spatial axes. Padding is
    never the maximum. Of equal maxima, one gets the gradient.

    Args:
        window_shape: Size of a window along each spatial axis; an integer for one axis.
        strides: Steps between windows, one number or one for each axis; None: the window's size.
        padding: As in `AvgPool`.
        window_dilation: Distance of the values within a window, one number or one for each axis.
        name: A name for the module.

    Raises:
        ValueError: If the numbers do not fit together, or a window does not fit into the input.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.MaxPool(2)(jnp.array([[1.0], [4.0], [2.0], [3.0]])).ravel()
        Array([4., 3.], dtype=float32)
    """

    def __init__(
        self,
        window_shape: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        *,
        padding: Any = "VALID",
        window_dilation: int | Sequence[int] = 1,
        name: str | None = None,
    ):
        super().__init__(
            window_shape, strides, padding=padding, window_dilation=window_dilation, name=name
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch..., spatial..., channels]`.
        """
        x = jnp.asarray(x)
        if max(self.window_dilation) == 1:
            return self._reduce(x, _lowest(x.dtype), jax.lax.max)
        # JAX has no gradient of dilated windows, so their values are gathered one by one.
        values = self._values(x, _lowest(x.dtype))
        largest = jnp.argmax(values, axis=0, keepdims=True)
        return jnp.take_along_axis(values, largest, axis=0)[0]

    def _values(self, x: jax.Array, fill: Any) -> jax.Array:
        """The first value of every window, then the second, and so on."""
        axes = len(self.window_shape)
        pads = self._pads(x)
        before = [(0, 0)] * (x.ndim - axes - 1)
        x = jnp.pad(x, [*before, *pads, (0, 0)], constant_values=fill)
        spatial = x.shape[-axes - 1 : -1]
        geometry = list(zip(spatial, self._extent, self.strides, strict=True))
        stops = [(size - extent) // stride + 1 for size, extent, stride in geometry]
        slices = []
        for place in itertools.product(*map(range, self.window_shape)):
            index = [
                slice(p * dilation, p * dilation + (stop - 1) * stride + 1, stride)
                for p, dilation, stop, stride in zip(
                    place, self.window_dilation, stops, self.strides, strict=True
                )
            ]
            slices.append(x[(..., *index, slice(None))])
        return jnp.stack(slices)


class LPPool(_Pool):
    """The p-norm of each window: `sum(|x|**p) ** (1 / p)` (Sermanet et al., 2012).

    Takes and returns arrays as `AvgPool` does. Where a window is all zeros, so is the gradient. For
    even `p` it equals PyTorch's layer of this name; for odd `p`, PyTorch omits the absolute value.

    Args:
        norm_type: The exponent `p`, above zero.
        window_shape: Size of a window along each spatial axis; an integer for one axis.
        strides: Steps between windows, one number or one for each axis; None: the window's size.
        padding: As in `AvgPool`.
        name: A name for the module.

    Raises:
        ValueError: If the exponent is not positive, the numbers do not fit together, or a window
            does not fit into the input.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.LPPool(2, 2)(jnp.array([[3.0], [4.0]])).item()
        5.0
    """

    def __init__(
        self,
        norm_type: float,
        window_shape: int | Sequence[int],
        *,
        strides: int | Sequence[int] | None = None,
        padding: Any = "VALID",
        name: str | None = None,
    ):
        super().__init__(window_shape, strides, padding=padding, name=name)
        if not 0 < norm_type < float("inf"):
            raise ValueError(
                f"`norm_type` must be a finite number above 0; got {norm_type}. For the largest "
                "value use MaxPool."
            )
        self.norm_type = norm_type

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pools.

        Args:
            x: Shape `[batch..., spatial..., channels]`.
        """
        x = jnp.asarray(x)
        dtype = x.dtype if _is_float(x) else jnp.dtype(jnp.float32)
        size = jnp.abs(x.astype(jnp.promote_types(dtype, jnp.float32)))
        total = self._sum(_power(size, self.norm_type))
        return _power(total, 1 / self.norm_type).astype(dtype)


def _power(x: jax.Array, exponent: float) -> jax.Array:
    """`x ** exponent` for `x >= 0`, with gradient zero at zero."""
    zero = x == 0
    return jnp.where(zero, 0, jnp.where(zero, 1, x) ** exponent)


def _is_float(x: jax.Array) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.inexact))


@functools.cache
def _lowest(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.bool_):
        return False
    if jnp.issubdtype(dtype, jnp.floating):
        return -jnp.inf
    return jnp.iinfo(dtype).min
