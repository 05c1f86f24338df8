"""ConvNeXt: a convolutional network with the design of vision transformers."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.models.vision._image_classifier import ImageClassifier
from jax_metrics.module import Module, Parameter
from jax_metrics.nn import (
    Conv,
    DepthwiseConv,
    Identity,
    LayerNorm,
    Linear,
    Sequential,
    StochasticDepth,
    initializers,
)

_INIT = initializers.truncated_normal(0.02)


class Block(Module):
    """Mixes positions by a depthwise 7 x 7 convolution, then channels by two linear layers.

    Args:
        width: Number of features.
        layer_scale: Initial value of the scale of each feature.
        drop_rate: Probability that the block is skipped for an example in training.
    """

    scale: jax.Array = Parameter.node(init=False)

    def __init__(self, width: int, *, layer_scale: float, drop_rate: float):
        self.depthwise = DepthwiseConv((7, 7), kernel_init=_INIT)
        self.norm = LayerNorm()
        self.expand = Linear(4 * width, kernel_init=_INIT)
        self.project = Linear(width, kernel_init=_INIT)
        self.drop = StochasticDepth(drop_rate)
        self.layer_scale = layer_scale

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, features]`."""
        if self.initializing() and "scale" not in vars(self):
            self.scale = jnp.full(x.shape[-1], self.layer_scale, jnp.float32)
        y = self.expand(self.norm(self.depthwise(x)))
        y = self.project(exact_gelu(y))
        return x + self.drop(self.scale.astype(y.dtype) * y)


class Stage(Module):
    """Halves height and width, except in the first stage, and applies blocks.

    Args:
        width: Number of features.
        downsample: Whether to halve.
        rates: The drop rate of each block.
        layer_scale: As in `Block`.
    """

    downsample: Any

    def __init__(self, width: int, *, downsample: bool, rates: Sequence[float], layer_scale: float):
        self.downsample = Identity()
        if downsample:
            self.downsample = Sequential(
                LayerNorm(), Conv(width, (2, 2), strides=(2, 2), padding="VALID", kernel_init=_INIT)
            )
        self.blocks = Sequential(
            [Block(width, layer_scale=layer_scale, drop_rate=rate) for rate in rates]
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[batch, height, width, in]`."""
        return self.blocks(self.downsample(x))


class ConvNeXt(ImageClassifier):
    """A convolutional network with the design of vision transformers (Liu et al., 2022).

    `features[0]` is the stem, `features[1:]` are the stages: their outputs are 4, 8, 16 and 32
    times smaller than the image. Presets: `"tiny"`, `"small"`, `"base"`, `"large"`.

    Args:
        depths: Number of blocks in each stage.
        widths: Features of each stage.
        patch_size: Height and width of the patches that the stem divides the image into.
        stochastic_depth: The probability that a block is skipped in training grows linearly from 0
            to this value.
        layer_scale: Initial value of the scales of each block's features.
        head_epsilon: Added to the variance in the normalization of the head.
        num_classes: Number of logits; None: the output is the normalized mean of the features.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.

    Raises:
        ValueError: If the numbers of depths and widths differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> images = jnp.zeros((2, 32, 32, 3))
        >>> model = jm.models.ConvNeXt([1, 2], [8, 16], num_classes=10).init(0, images).eval()
        >>> model(images).shape, model.features(images).shape
        ((2, 10), (2, 4, 4, 16))
    """

    presets = {
        "tiny": {
            "depths": (3, 3, 9, 3),
            "widths": (96, 192, 384, 768),
            "stochastic_depth": 0.1,
        },
        "small": {
            "depths": (3, 3, 27, 3),
            "widths": (96, 192, 384, 768),
            "stochastic_depth": 0.4,
        },
        "base": {
            "depths": (3, 3, 27, 3),
            "widths": (128, 256, 512, 1024),
            "stochastic_depth": 0.5,
        },
        "large": {
            "depths": (3, 3, 27, 3),
            "widths": (192, 384, 768, 1536),
            "stochastic_depth": 0.5,
        },
    }

    def __init__(
        self,
        depths: Sequence[int],
        widths: Sequence[int],
        *,
        patch_size: int = 4,
        stochastic_depth: float = 0.0,
        layer_scale: float = 1e-6,
        head_epsilon: float = 1e-6,
        num_classes: int | None = 1000,
        num_channels: int = 3,
    ):
        if len(depths) != len(widths):
            raise ValueError(
                f"ConvNeXt has one width for each stage; got `depths` {tuple(depths)} and "
                f"`widths` {tuple(widths)}."
            )
        patches = (patch_size, patch_size)
        features = Sequential(
            Sequential(
                Conv(widths[0], patches, strides=patches, padding="VALID", kernel_init=_INIT),
                LayerNorm(),
            )
        )
        number, last = 0, max(sum(depths) - 1, 1)
        for depth, width in zip(depths, widths, strict=True):
            rates = [stochastic_depth * (number + i) / last for i in range(depth)]
            downsample = number > 0
            features.layers.append(
                Stage(width, downsample=downsample, rates=rates, layer_scale=layer_scale)
            )
            number += depth
        head = LayerNorm(epsilon=head_epsilon)
        if num_classes is not None:
            head = Sequential(head, Linear(num_classes, kernel_init=_INIT))
        super().__init__(features, head, num_channels=num_channels)
