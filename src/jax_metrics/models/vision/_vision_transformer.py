"""The body of a vision transformer: from an image to a vector for each of its patches."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.module import Module, Parameter, describe_place, next_key
from jax_metrics.nn import (
    Conv,
    Dropout,
    LayerNorm,
    LearnedPositionEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    initializers,
)
from jax_metrics.tree import copy, make_mutable

_INIT = initializers.normal(0.02)
Size = int | tuple[int, int]


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


class VisionTransformer(Module):
    """A transformer over the patches of an image, preceded by a class token.

    Takes `[batch..., height, width, channels]` and returns `[batch..., 1 + patches, features]`. It
    is the body of `ViT`, and the image encoder of `CLIP`.

    Args:
        width: Features of each token.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        patch_size: Height and width of a patch in pixels, or one number for both.
        image_size: Height and width of the images in pixels, multiples of those of a patch.
        mlp_features: Size inside the feed-forward networks; None: four times `width`.
        activation: Activation of the feed-forward networks.
        dropout_rate: The probability that a value is dropped in training: after the positions, and
            as in `TransformerEncoderLayer`.
        epsilon: Added to the variance in the norms.
        patch_bias: Whether the embedding of the patches has a bias.
        qkv_bias: Whether queries, keys and values have biases.
        norm_before: Whether there is a norm before the blocks, too.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the image does not consist of whole patches.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax_metrics.models.vision import VisionTransformer
        >>> images = jnp.zeros((2, 8, 8, 3))
        >>> body = VisionTransformer(16, 2, 4, patch_size=4, image_size=8).init(0, images)
        >>> body(images).shape
        (2, 5, 16)
    """

    class_token: jax.Array = Parameter.node(init=False)

    def __init__(
        self,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        patch_size: Size,
        image_size: Size,
        mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = exact_gelu,
        dropout_rate: float = 0.0,
        epsilon: float = 1e-6,
        patch_bias: bool = True,
        qkv_bias: bool = True,
        norm_before: bool = False,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        self.patch_size, self.image_size = _pair(patch_size), _pair(image_size)
        self.param_dtype = param_dtype
        rows, columns = self.grid()
        self.patches = Conv(
            width,
            self.patch_size,
            strides=self.patch_size,
            padding="VALID",
            use_bias=patch_bias,
            **dtypes,
        )
        self.positions = LearnedPositionEmbedding(
            1 + rows * columns, embedding_init=_INIT, **dtypes
        )
        self.dropout = Dropout(dropout_rate)
        self.norm_before = LayerNorm(epsilon=epsilon, **dtypes) if norm_before else None
        block = TransformerEncoderLayer(
            num_heads,
            mlp_features=mlp_features,
            activation=activation,
            dropout_rate=dropout_rate,
            norm_first=True,
            epsilon=epsilon,
            attention_bias=True if qkv_bias else ("out",),
            **dtypes,
        )
        self.blocks = TransformerEncoder(
            block, num_layers, norm=LayerNorm(epsilon=epsilon, **dtypes)
        )

    def __call__(self, images: jax.Array) -> jax.Array:
        """Returns the tokens: the class token, and one token for each patch, row by row.

        Args:
            images: Shape `[batch..., height, width, channels]`, of the size given to the
                constructor.

        Returns:
            Shape `[batch..., 1 + patches, features]`.
        """
        if images.ndim < 3 or images.shape[-3:-1] != self.image_size:
            raise ValueError(
                f"{describe_place(self)} was made for images [batch..., "
                f"{self.image_size[0]}, {self.image_size[1]}, channels]; got {images.shape}. Pass "
                "`image_size=`, or call `with_image_size` on a trained model."
            )
        x = self.patches(images)
        x = x.reshape(*x.shape[:-3], math.prod(x.shape[-3:-1]), x.shape[-1])
        if self.initializing():
            self.class_token = _INIT(next_key(), x.shape[-1:], self.param_dtype)
        class_token = jnp.broadcast_to(self.class_token, (*x.shape[:-2], 1, x.shape[-1]))
        x = jnp.concatenate([class_token.astype(x.dtype), x], axis=-2)
        x = self.dropout(self.positions(x))
        if self.norm_before is not None:
            x = self.norm_before(x)
        return self.blocks(x)

    def grid(self) -> tuple[int, int]:
        """The rows and columns of patches.

        Raises:
            ValueError: If they are not whole.
        """
        (height, width), (rows, columns) = self.image_size, self.patch_size
        if height % rows or width % columns:
            raise ValueError(
                f"{type(self).__name__} cuts an image into whole patches; got `image_size` "
                f"{self.image_size} and `patch_size` {self.patch_size}."
            )
        return height // rows, width // columns

    def with_image_size(self, image_size: Size) -> "VisionTransformer":
        """A copy for images of another size, with the learned positions interpolated (bicubic).

        Args:
            image_size: As in the constructor.
        """
        body = copy(self)
        with make_mutable(body):
            body.image_size = _pair(image_size)
            table, (rows, columns) = self.positions.embedding, body.grid()
            grid = table[1:].reshape(*self.grid(), -1)
            grid = jax.image.resize(grid, (rows, columns, grid.shape[-1]), "cubic", antialias=False)
            patches = grid.reshape(rows * columns, -1)
            body.positions.embedding = jnp.concatenate([table[:1], patches])
            body.positions.num_embeddings = 1 + rows * columns
        return body
