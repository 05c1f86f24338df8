"""Inverted residual blocks, which are wide inside and narrow at their ends."""

from typing import Any

import jax

from jax_metrics.models.vision._conv_norm import Activation, ConvNorm, Norm
from jax_metrics.module import Module
from jax_metrics.nn import Conv, Identity, StochasticDepth, hard_sigmoid, relu


def multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, but not less than 90 % of the channels, and at least 8."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class SqueezeExcite(Module):
    """Scales each channel by a factor computed from the means of all channels (Hu et al., 2018).

    Args:
        channels: Number of channels.
        squeezed: Number of hidden features.
    """

    def __init__(self, channels: int, squeezed: int):
        self.reduce = Conv(squeezed, (1, 1))
        self.expand = Conv(channels, (1, 1))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, channels]`."""
        means = x.mean(axis=(1, 2), keepdims=True)
        return x * hard_sigmoid(self.expand(relu(self.reduce(means))))


class InvertedResidual(Module):
    """Expands, convolves each channel separately, projects, and adds the input where shapes match.

    Source: Sandler et al., 2018; with `squeeze` Howard et al., 2019.

    Args:
        channels: Features of the input.
        expanded: Features inside.
        features: Features of the output.
        kernel_size: Height and width of the depthwise kernel.
        strides: Step of the depthwise convolution.
        activation: Follows the first two convolutions.
        norm: Creates a normalization layer.
        squeeze: Whether to apply `SqueezeExcite` to the features inside.
        drop_rate: Probability that the convolutions are skipped for an example in training.
        padding: As in `ConvNorm`, for the depthwise convolution.
    """

    expand: Any
    squeeze: Any

    def __init__(
        self,
        channels: int,
        expanded: int,
        features: int,
        *,
        kernel_size: int,
        strides: int,
        activation: Activation,
        norm: Norm,
        squeeze: bool = False,
        drop_rate: float = 0.0,
        padding: Any = None,
    ):
        self.expand = Identity()
        if expanded != channels:
            self.expand = ConvNorm(expanded, norm=norm, activation=activation)
        self.depthwise = ConvNorm(
            expanded,
            kernel_size,
            strides,
            norm=norm,
            activation=activation,
            depthwise=True,
            padding=padding,
        )
        self.squeeze = Identity()
        if squeeze:
            self.squeeze = SqueezeExcite(expanded, multiple_of_8(expanded // 4))
        self.project = ConvNorm(features, norm=norm)
        self.adds = strides == 1 and channels == features
        self.drop = StochasticDepth(drop_rate if self.adds else 0.0)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, channels]`."""
        y = self.project(self.squeeze(self.depthwise(self.expand(x))))
        return x + self.drop(y) if self.adds else y
