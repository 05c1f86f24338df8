"""U-Net: a convolutional network that labels each pixel of an image."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.module import Inputs, Module
from jax_metrics.nn import (
    BatchNorm,
    Conv,
    ConvTranspose,
    Dropout,
    Identity,
    Sequential,
    initializers,
    max_pool,
    relu,
    standing_for,
)
from jax_metrics.tree import node

Norm = Callable[[], Module]
Padding = Literal["SAME", "VALID"]
_KERNEL_INIT = initializers.he_normal()  # as in the paper


def conv_block(width: int, *, padding: Padding, norm: Norm | None, **options: Any) -> Sequential:
    """Two convolutions of 3 x 3 pixels, each with a norm and a ReLU.

    Args:
        width: Features of both convolutions.
        padding: `"SAME"`, or `"VALID"`, with which each convolution removes a border of one pixel.
        norm: Creates the normalization layers; None: there are none, and the convolutions have
            biases.
        **options: More options of the convolutions.
    """
    layers: list[Any] = []
    for _ in range(2):
        layers.append(
            Conv(
                width,
                (3, 3),
                padding=padding,
                use_bias=norm is None,
                kernel_init=_KERNEL_INIT,
                **options,
            )
        )
        if norm is not None:
            layers.append(norm())
        layers.append(relu)
    return Sequential(*layers)


class UNetFeatures(Module):
    """The body of a `UNet`: it halves the resolution `depth` times, then doubles it `depth` times.

    Args:
        width: Features at the full resolution; each halving doubles them.
        depth: How many times the resolution is halved.
        padding: As in `conv_block`.
        norm: As in `conv_block`.
        dropout_rate: The probability that a value of the lowest resolution is dropped in training.
        **options: More options of the convolutions.
    """

    down: list[Sequential] = node()
    up: list[ConvTranspose] = node()
    joined: list[Sequential] = node()

    def __init__(
        self,
        width: int,
        depth: int,
        *,
        padding: Padding,
        norm: Norm | None,
        dropout_rate: float,
        **options: Any,
    ):
        def block(level: int) -> Sequential:
            return conv_block(width * 2**level, padding=padding, norm=norm, **options)

        self.padding: Padding = padding
        self.down = [block(level) for level in range(depth)]
        self.bottom = block(depth)
        self.dropout = Dropout(dropout_rate)
        self.up = [
            ConvTranspose(
                width * 2**level,
                (2, 2),
                strides=(2, 2),
                transpose_kernel=True,
                kernel_init=_KERNEL_INIT,
                **options,
            )
            for level in reversed(range(depth))
        ]
        self.joined = [block(level) for level in reversed(range(depth))]

    def __call__(self, images: jax.Array) -> jax.Array:
        """The features of each pixel.

        Args:
            images: Shape `[batch, height, width, channels]`.

        Returns:
            Shape `[batch, height, width, features]`, smaller with the padding `"VALID"`.
        """
        x, skipped = images, []
        for block in self.down:
            x = block(x)
            skipped.append(x)
            x = max_pool(x, (2, 2), strides=(2, 2))
        x = self.dropout(self.bottom(x))
        for up, block, skip in zip(self.up, self.joined, reversed(skipped), strict=True):
            x = up(x)
            if self.padding == "SAME":
                x = _padded(x, skip)  # halving an odd size lost a row
            else:
                skip = _cropped(skip, x)
            x = block(jnp.concatenate([skip, x], axis=-1))
        return x


class UNet(Architecture):
    """A network that labels each pixel of an image (Ronneberger et al., 2015).

    A contracting path is followed by an expanding path, with skip connections at each resolution.
    `features` computes the features of each pixel, and `head` turns them into logits. Presets:
    `"original"`, as in the paper, whose output is smaller than its input; and `"same_size"`, with
    padding and normalization.

    Args:
        num_classes: Number of logits of each pixel; None: no head.
        width: Features at the full resolution; each halving doubles them.
        depth: How many times the resolution is halved.
        padding: `"SAME"`: the output has the size of the input; `"VALID"`: each convolution removes
            a border, as in the paper.
        norm: Creates the normalization layer after each convolution; None: none.
        dropout_rate: The probability that a value of the lowest resolution is dropped in training.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If `padding` is neither of these, or `depth` is below 1; in a call, if an image
            is too small.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.UNet(num_classes=3, width=8, depth=2)
        >>> images = jnp.zeros((2, 17, 24, 1))
        >>> model = model.init(0, images).eval()
        >>> model(images).shape, model.features(images).shape
        ((2, 17, 24, 3), (2, 17, 24, 8))
    """

    presets = {
        "original": {"num_classes": 2, "padding": "VALID", "norm": None, "dropout_rate": 0.5},
        "same_size": {"num_classes": 2, "padding": "SAME"},
    }

    features: UNetFeatures
    head: Any = node()

    def __init__(
        self,
        num_classes: int | None,
        *,
        width: int = 64,
        depth: int = 4,
        padding: Padding = "SAME",
        norm: Norm | None = BatchNorm,
        dropout_rate: float = 0.0,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        if padding not in ("SAME", "VALID"):
            raise ValueError(f"UNet expects 'SAME' or 'VALID' for `padding`; got {padding!r}.")
        if depth < 1:
            raise ValueError(f"UNet expects a `depth` of at least 1; got {depth}.")
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        self.features = UNetFeatures(
            width, depth, padding=padding, norm=norm, dropout_rate=dropout_rate, **dtypes
        )
        self.head = Identity() if num_classes is None else Conv(num_classes, (1, 1), **dtypes)

    def example_inputs(self) -> Inputs:
        """The smallest black gray-scale image."""
        size = self.smallest_size()
        return Inputs(jnp.zeros((1, size, size, 1)))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Labels pixels.

        Args:
            images: Shape `[batch, height, width, channels]`.

        Returns:
            The logits, `[batch, height, width, num_classes]`; with the padding `"VALID"`, those of
            the central pixels.
        """
        smallest = self.smallest_size()
        if images.ndim != 4 or min(images.shape[1:3]) < smallest:
            raise ValueError(
                f"This {type(self).__name__} takes images [batch, height, width, channels] of "
                f"{smallest} x {smallest} pixels and more; got {images.shape}."
            )
        return self.head(self.features(images))

    def smallest_size(self) -> int:
        """The height and width of the smallest image for which there is an output."""
        features = standing_for(self.features)
        border = 0 if features.padding == "SAME" else 4  # of the convolutions of a block
        size = 1
        for _ in features.up:
            size = (size + border + 1) // 2
        size += border
        for _ in features.down:
            size = 2 * size + border
        return size


def _cropped(x: jax.Array, like: jax.Array) -> jax.Array:
    """The middle of an image, of the size of another one."""
    (height, width), (rows, columns) = x.shape[1:3], like.shape[1:3]
    top, left = (height - rows) // 2, (width - columns) // 2
    return x[:, top : top + rows, left : left + columns]


def _padded(x: jax.Array, like: jax.Array) -> jax.Array:
    """The image with zeros below and right, up to the size of another one."""
    (height, width), (rows, columns) = x.shape[1:3], like.shape[1:3]
    return jnp.pad(x, [(0, 0), (0, rows - height), (0, columns - width), (0, 0)])
