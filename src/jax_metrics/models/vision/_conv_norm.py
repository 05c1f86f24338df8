"""A convolution, a normalization and an activation: the building block of these networks."""

from collections.abc import Callable
from typing import Any

import jax

from jax_metrics.module import Module
from jax_metrics.nn import Conv, DepthwiseConv, initializers

Norm = Callable[[], Module]
Activation = Callable[[jax.Array], jax.Array]


class ConvNorm(Module):
    """A convolution without bias, a normalization, and perhaps an activation.

    Args:
        features: Number of filters.
        kernel_size: Height and width of the kernel.
        strides: Step along both axes.
        norm: Creates the normalization layer.
        activation: Applied at the end; None: nothing.
        depthwise: Whether each channel is convolved separately, so that the number of features does
            not change.
        padding: As in `jm.Conv`; None: half the kernel on all sides, as is usual in PyTorch.
    """

    conv: Conv | DepthwiseConv
    norm: Module

    def __init__(
        self,
        features: int,
        kernel_size: int = 1,
        strides: int = 1,
        *,
        norm: Norm,
        activation: Activation | None = None,
        depthwise: bool = False,
        padding: Any = None,
    ):
        size, steps = (kernel_size, kernel_size), (strides, strides)
        pads = [(kernel_size // 2,) * 2] * 2 if padding is None else padding
        # He et al. (2015). One channel has the fan out of one channel.
        init = initializers.variance_scaling(2.0, "fan_in" if depthwise else "fan_out", "normal")
        options = {"strides": steps, "padding": pads, "use_bias": False, "kernel_init": init}
        self.conv = DepthwiseConv(size, **options) if depthwise else Conv(features, size, **options)
        self.norm = norm()
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, in]` to `[batch, height, width, features]`."""
        x = self.norm(self.conv(x))
        return x if self.activation is None else self.activation(x)
