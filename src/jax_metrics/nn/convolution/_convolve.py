"""Convolutions, in another form on CPUs where that is faster.

XLA for CPUs convolves with a kernel of size 1 in 1.3 to 3.7 times the time of the matrix product
that it is. A depthwise convolution takes 15 to 30 times as long as the sum of the shifted inputs
times the elements of the kernel, and its gradient 3 to 100 times. Other platforms have kernels of
their own for both.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

# Fewer channels or larger kernels would compile longer and run hardly faster.
_FEWEST_CHANNELS = 16
_MOST_PRODUCTS = 64


def convolve(
    lhs: jax.Array,
    rhs: jax.Array,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    dimension_numbers: Any,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    feature_group_count: int = 1,
    precision: Any = None,
    **options: Any,
) -> jax.Array:
    """As `jax.lax.conv_general_dilated`, whose arguments it has.

    Negative padding crops the input first. XLA for CPUs reads beyond the array then.
    """
    if not isinstance(padding, str) and min(map(min, padding), default=0) < 0:
        spatial = jax.lax.conv_dimension_numbers(lhs.shape, rhs.shape, dimension_numbers)
        dilation = lhs_dilation or (1,) * (lhs.ndim - 2)
        if set(dilation) == {1}:
            crops = [(0, 0, 0)] * lhs.ndim
            for axis, (low, high) in zip(spatial.lhs_spec[2:], padding, strict=True):
                crops[axis] = (min(int(low), 0), min(int(high), 0), 0)
            lhs = jax.lax.pad(lhs, jnp.zeros((), lhs.dtype), crops)
            padding = [(max(int(low), 0), max(int(high), 0)) for low, high in padding]

    def general(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            lhs,
            rhs,
            window_strides,
            padding,
            lhs_dilation=lhs_dilation,
            rhs_dilation=rhs_dilation,
            dimension_numbers=dimension_numbers,
            feature_group_count=feature_group_count,
            precision=precision,
            **options,
        )

    channels, *sizes = lhs.shape[-1], *rhs.shape[:-2]
    depthwise = feature_group_count == channels and channels >= _FEWEST_CHANNELS
    depthwise = depthwise and math.prod(sizes) <= _MOST_PRODUCTS
    pointwise = feature_group_count == 1 and set(sizes) == {1}
    plain = (
        _channels_last(lhs, rhs, dimension_numbers)
        and set(lhs_dilation or (1,)) == {1}
        and jnp.issubdtype(lhs.dtype, jnp.floating)
        and lhs.dtype == rhs.dtype
        and 0 not in lhs.shape
        and not options
    )
    if not plain or not (depthwise or pointwise):
        return general(lhs, rhs)
    dilation = tuple(rhs_dilation or (1,) * len(sizes))
    extents = [(size - 1) * d + 1 for size, d in zip(sizes, dilation, strict=True)]
    if isinstance(padding, str):
        padding = jax.lax.padtype_to_pads(lhs.shape[1:-1], extents, window_strides, padding)
    pads = [(int(low), int(high)) for low, high in padding]
    room = [
        size + sum(pad) - extent
        for size, pad, extent in zip(lhs.shape[1:-1], pads, extents, strict=True)
    ]
    if min(room) < 0:
        return general(lhs, rhs)

    def shifted(lhs: jax.Array, starts: Sequence[int]) -> jax.Array:
        """What one element of the kernel is multiplied by."""
        ends = [start + free + 1 for start, free in zip(starts, room, strict=True)]
        first, last = (0, *starts, 0), (lhs.shape[0], *ends, channels)
        return jax.lax.slice(lhs, first, last, (1, *window_strides, 1))

    def padded(lhs: jax.Array) -> jax.Array:
        zero = jnp.zeros((), lhs.dtype)
        return jax.lax.pad(lhs, zero, [(0, 0, 0), *((*pad, 0) for pad in pads), (0, 0, 0)])

    def product(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        inputs = shifted(padded(lhs), [0] * len(sizes))
        return jnp.matmul(inputs, rhs.reshape(rhs.shape[-2:]), precision=precision)

    def products(lhs: jax.Array, rhs: jax.Array) -> jax.Array:
        inputs, kernel = padded(lhs), rhs.reshape(*sizes, channels, -1)
        wide = jnp.promote_types(lhs.dtype, jnp.float32)
        total: Any = 0
        for tap in itertools.product(*map(range, sizes)):
            part = shifted(inputs, [i * d for i, d in zip(tap, dilation, strict=True)])
            total += part.astype(wide)[..., None] * kernel[tap].astype(wide)
        return total.reshape(*total.shape[:-2], -1).astype(lhs.dtype)

    on_cpu = product if pointwise else products
    return jax.lax.platform_dependent(lhs, rhs, cpu=on_cpu, default=general)


def _channels_last(lhs: jax.Array, rhs: jax.Array, dimension_numbers: Any) -> bool:
    rank = lhs.ndim
    spec = jax.lax.conv_dimension_numbers(lhs.shape, rhs.shape, dimension_numbers)
    last = (0, rank - 1, *range(1, rank - 1))
    kernel = (rank - 1, rank - 2, *range(rank - 2))
    return (spec.lhs_spec, spec.rhs_spec, spec.out_spec) == (last, kernel, last)
