"""MobileNetV3: inverted residuals with squeeze-and-excitation, found by search."""

from collections.abc import Sequence
from typing import NamedTuple

from jax_metrics.models.vision._conv_norm import ConvNorm, Norm
from jax_metrics.models.vision._image_classifier import ImageClassifier
from jax_metrics.models.vision._inverted_residual import InvertedResidual, multiple_of_8
from jax_metrics.nn import BatchNorm, Dropout, Identity, Linear, Sequential, hard_swish, relu


def _batch_norm() -> BatchNorm:
    return BatchNorm(epsilon=1e-3)


class Row(NamedTuple):
    """A block of the tables in the paper.

    Attributes:
        kernel_size: Height and width of the depthwise kernel.
        expanded: Features inside.
        features: Features of the output.
        squeeze: Whether it has squeeze-and-excitation.
        hard: Whether the activation is hard swish, or ReLU.
        strides: Step of the depthwise convolution.
    """

    kernel_size: int
    expanded: int
    features: int
    squeeze: bool
    hard: bool
    strides: int


_LARGE = (
    Row(3, 16, 16, False, False, 1),
    Row(3, 64, 24, False, False, 2),
    Row(3, 72, 24, False, False, 1),
    Row(5, 72, 40, True, False, 2),
    Row(5, 120, 40, True, False, 1),
    Row(5, 120, 40, True, False, 1),
    Row(3, 240, 80, False, True, 2),
    Row(3, 200, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 480, 112, True, True, 1),
    Row(3, 672, 112, True, True, 1),
    Row(5, 672, 160, True, True, 2),
    Row(5, 960, 160, True, True, 1),
    Row(5, 960, 160, True, True, 1),
)
_SMALL = (
    Row(3, 16, 16, True, False, 2),
    Row(3, 72, 24, False, False, 2),
    Row(3, 88, 24, False, False, 1),
    Row(5, 96, 40, True, True, 2),
    Row(5, 240, 40, True, True, 1),
    Row(5, 240, 40, True, True, 1),
    Row(5, 120, 48, True, True, 1),
    Row(5, 144, 48, True, True, 1),
    Row(5, 288, 96, True, True, 2),
    Row(5, 576, 96, True, True, 1),
    Row(5, 576, 96, True, True, 1),
)


class MobileNetV3(ImageClassifier):
    """A network for phones (Howard et al., 2019).

    `features[0]` is the stem, `features[1:-1]` are the blocks, one for each row of the paper's
    tables, `features[-1]` is the last convolution. Presets: `"small"` and `"large"`.

    Args:
        rows: The blocks, as tuples of kernel size, features inside, features, whether there is
            squeeze-and-excitation, whether the activation is hard swish or ReLU, and strides.
        hidden: Features of the hidden layer of the head.
        stem_width: Features of the stem.
        width: Factor of all features.
        dropout: Rate of dropout before the classifier.
        norm: Creates each normalization layer.
        num_classes: Number of logits; None: no head, the output is the mean of the features.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> images = jnp.zeros((2, 32, 32, 3))
        >>> rows = [(3, 16, 8, False, False, 2), (5, 24, 16, True, True, 2)]
        >>> model = jm.models.MobileNetV3(rows, hidden=32, num_classes=10).init(0, images).eval()
        >>> model(images).shape, model.features(images).shape
        ((2, 10), (2, 4, 4, 96))
    """

    presets = {
        "small": {"rows": _SMALL, "hidden": 1024},
        "large": {"rows": _LARGE, "hidden": 1280},
    }

    def __init__(
        self,
        rows: Sequence[tuple[int, int, int, bool, bool, int]],
        hidden: int,
        *,
        stem_width: int = 16,
        width: float = 1.0,
        dropout: float = 0.2,
        norm: Norm = _batch_norm,
        num_classes: int | None = 1000,
        num_channels: int = 3,
    ):
        channels = multiple_of_8(stem_width * width)
        features = Sequential(ConvNorm(channels, 3, 2, norm=norm, activation=hard_swish))
        for row in map(Row._make, rows):
            block = InvertedResidual(
                channels,
                multiple_of_8(row.expanded * width),
                multiple_of_8(row.features * width),
                kernel_size=row.kernel_size,
                strides=row.strides,
                activation=hard_swish if row.hard else relu,
                norm=norm,
                squeeze=row.squeeze,
            )
            channels = multiple_of_8(row.features * width)
            features.layers.append(block)
        features.layers.append(ConvNorm(6 * channels, norm=norm, activation=hard_swish))
        head = Identity()
        if num_classes is not None:
            head = Sequential(
                Linear(multiple_of_8(hidden * width)),
                hard_swish,
                Dropout(dropout),
                Linear(num_classes),
            )
        super().__init__(features, head, num_channels=num_channels)
