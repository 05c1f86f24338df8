"""ResNet: residual convolutional networks."""

from collections.abc import Sequence
from typing import ClassVar

import jax

from jax_metrics.models.vision._conv_norm import ConvNorm, Norm
from jax_metrics.models.vision._image_classifier import ImageClassifier
from jax_metrics.module import Module
from jax_metrics.nn import BatchNorm, Identity, Linear, MaxPool, Sequential, relu


def _batch_norm() -> BatchNorm:
    return BatchNorm(momentum=0.9)


class BasicBlock(Module):
    """Two convolutions with a shortcut: `relu(x + f(x))`.

    Args:
        width: Features of the convolutions.
        strides: Step of the first one.
        project: Whether the shortcut has a convolution, because the shape changes.
        norm: Makes a normalization.
    """

    expansion: ClassVar[int] = 1

    def __init__(self, width: int, strides: int, *, project: bool, norm: Norm):
        self.conv1 = ConvNorm(width, 3, strides, norm=norm, activation=relu)
        self.conv2 = ConvNorm(width, 3, norm=norm)
        self.shortcut = ConvNorm(width, 1, strides, norm=norm) if project else Identity()

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, in]`."""
        return relu(self.conv2(self.conv1(x)) + self.shortcut(x))


class Bottleneck(Module):
    """As `BasicBlock`, with a 3 x 3 convolution between two of 1 x 1 that change the width.

    Version 1.5 has the strides in the 3 x 3 convolution. With those of the first one, as in the
    paper, three quarters of the input would be ignored.

    Args:
        width: Features of the 3 x 3 convolution; the output has four times as many.
        strides: Its step.
        project: As there.
        norm: As there.
    """

    expansion: ClassVar[int] = 4

    def __init__(self, width: int, strides: int, *, project: bool, norm: Norm):
        features = self.expansion * width
        self.conv1 = ConvNorm(width, 1, norm=norm, activation=relu)
        self.conv2 = ConvNorm(width, 3, strides, norm=norm, activation=relu)
        self.conv3 = ConvNorm(features, 1, norm=norm)
        self.shortcut = ConvNorm(features, 1, strides, norm=norm) if project else Identity()

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, in]`."""
        return relu(self.conv3(self.conv2(self.conv1(x))) + self.shortcut(x))


class ResNet(ImageClassifier):
    """A residual network (He et al., 2016), version 1.5.

    `features[0]` is the stem, `features[1:]` are the stages: their outputs are 4, 8, 16 and 32
    times smaller than the image. Presets: `"resnet18"`, `"resnet34"`, `"resnet50"`,
    `"resnet101"`, `"resnet152"`.

    Args:
        depths: Number of blocks in each stage.
        bottleneck: Whether the blocks are bottlenecks of three convolutions, or basic blocks of
            two.
        widths: Features of the 3 x 3 convolutions in each stage.
        stem_width: Features of the stem.
        norm: Creates each normalization layer, such as `lambda: jm.nn.GroupNorm(32)`.
        num_classes: Number of logits; None: no head, the output is the mean of the features.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.

    Raises:
        ValueError: If the numbers of depths and widths differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.ResNet([1, 1], widths=[8, 16], stem_width=8, num_classes=10)
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> images = jnp.zeros((2, 64, 64, 3))
        >>> model(images).shape, model.features(images).shape
        ((2, 10), (2, 8, 8, 64))
    """

    presets = {
        "resnet18": {"depths": (2, 2, 2, 2), "bottleneck": False},
        "resnet34": {"depths": (3, 4, 6, 3), "bottleneck": False},
        "resnet50": {"depths": (3, 4, 6, 3)},
        "resnet101": {"depths": (3, 4, 23, 3)},
        "resnet152": {"depths": (3, 8, 36, 3)},
    }

    def __init__(
        self,
        depths: Sequence[int],
        *,
        bottleneck: bool = True,
        widths: Sequence[int] = (64, 128, 256, 512),
        stem_width: int = 64,
        norm: Norm = _batch_norm,
        num_classes: int | None = 1000,
        num_channels: int = 3,
    ):
        if len(depths) != len(widths):
            raise ValueError(
                f"ResNet has one width for each stage; got `depths` {tuple(depths)} and `widths` "
                f"{tuple(widths)}."
            )
        block = Bottleneck if bottleneck else BasicBlock
        features = Sequential(
            Sequential(
                ConvNorm(stem_width, 7, 2, norm=norm, activation=relu),
                MaxPool((3, 3), strides=2, padding=1),
            )
        )
        channels = stem_width
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            blocks = []
            for i in range(depth):
                strides = 2 if stage > 0 and i == 0 else 1
                project = strides > 1 or channels != block.expansion * width
                blocks.append(block(width, strides, project=project, norm=norm))
                channels = block.expansion * width
            features.layers.append(Sequential(blocks))
        head = Identity() if num_classes is None else Linear(num_classes)
        super().__init__(features, head, num_channels=num_channels)
