"""EfficientNet-Lite: EfficientNet for devices that are fastest at simple operations."""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from jax_metrics.models.vision._conv_norm import ConvNorm, Norm
from jax_metrics.models.vision._image_classifier import ImageClassifier
from jax_metrics.models.vision._inverted_residual import InvertedResidual, multiple_of_8
from jax_metrics.nn import BatchNorm, Dropout, Identity, Linear, Sequential, initializers, relu6


def _batch_norm() -> BatchNorm:
    return BatchNorm(epsilon=1e-3)


class Stage(NamedTuple):
    """A stage of the table in the paper.

    Attributes:
        num_blocks: Number of blocks.
        kernel_size: Height and width of the depthwise kernels.
        strides: Step of the first block.
        expansion: The factor of the number of features inside the blocks.
        features: Features of the output.
    """

    num_blocks: int
    kernel_size: int
    strides: int
    expansion: int
    features: int


_STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class EfficientNetLite(ImageClassifier):
    """EfficientNet (Tan and Le, 2019) with ReLU6 and without squeeze-and-excitation.

    `features[0]` is the stem, `features[1:-1]` are the seven stages, `features[-1]` is the last
    convolution. Convolutions pad as in TensorFlow: with strides, more at the end than at the
    beginning. The stem, the last convolution, and the first and last stage are the same in all
    sizes. The presets, and the image sizes they are made for, with values `(x - 127) / 128`:
    `"lite0"` (224 x 224), `"lite1"` (240), `"lite2"` (260), `"lite3"` (280), `"lite4"` (300).

    Args:
        stages: The stages, as tuples of the number of blocks, kernel size, strides of the first
            block, expansion and features.
        width: Factor of the features of all stages.
        depth: Factor of the number of blocks in all stages but the first and the last.
        dropout: Rate of dropout before the classifier.
        stochastic_depth: The probability that a block is skipped in training grows up to this
            value.
        norm: Creates each normalization layer.
        num_classes: Number of logits; None: no head, the output is the mean of the features.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> images = jnp.zeros((2, 32, 32, 3))
        >>> stages = [(1, 3, 1, 1, 16), (1, 5, 2, 6, 24)]
        >>> model = jm.models.EfficientNetLite(stages=stages, num_classes=10).init(0, images).eval()
        >>> model(images).shape, model.features[:3](images).shape
        ((2, 10), (2, 8, 8, 24))
    """

    presets = {
        "lite0": {"width": 1.0, "depth": 1.0, "dropout": 0.2},
        "lite1": {"width": 1.0, "depth": 1.1, "dropout": 0.2},
        "lite2": {"width": 1.1, "depth": 1.2, "dropout": 0.3},
        "lite3": {"width": 1.2, "depth": 1.4, "dropout": 0.3},
        "lite4": {"width": 1.4, "depth": 1.8, "dropout": 0.3},
    }

    def __init__(
        self,
        *,
        stages: Sequence[tuple[int, int, int, int, int]] = _STAGES,
        width: float = 1.0,
        depth: float = 1.0,
        dropout: float = 0.2,
        stochastic_depth: float = 0.2,
        norm: Norm = _batch_norm,
        num_classes: int | None = 1000,
        num_channels: int = 3,
    ):
        table = [Stage._make(stage) for stage in stages]
        for i, stage in enumerate(table[1:-1], start=1):
            table[i] = stage._replace(num_blocks=math.ceil(depth * stage.num_blocks))
        total = sum(stage.num_blocks for stage in table)
        make = functools.partial(ConvNorm, norm=norm, activation=relu6, padding="SAME")
        features = Sequential(make(32, 3, 2))
        channels, number = 32, 0
        for stage in table:
            blocks = []
            for i in range(stage.num_blocks):
                block = InvertedResidual(
                    channels,
                    stage.expansion * channels,
                    multiple_of_8(width * stage.features),
                    kernel_size=stage.kernel_size,
                    strides=stage.strides if i == 0 else 1,
                    activation=relu6,
                    norm=norm,
                    drop_rate=stochastic_depth * number / total,
                    padding="SAME",
                )
                blocks.append(block)
                channels, number = multiple_of_8(width * stage.features), number + 1
            features.layers.append(Sequential(blocks))
        features.layers.append(make(1280))
        head = Identity()
        if num_classes is not None:
            uniform = initializers.variance_scaling(1 / 3, "fan_out", "uniform")
            head = Sequential(Dropout(dropout), Linear(num_classes, kernel_init=uniform))
        super().__init__(features, head, num_channels=num_channels)
