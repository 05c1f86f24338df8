"""CLIP: images and texts embedded in one space."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import equals
from jax_metrics.models._architecture import Architecture
from jax_metrics.models._unit_length import unit_length
from jax_metrics.models.vision import VisionTransformer
from jax_metrics.module import Inputs, Module, Parameter
from jax_metrics.nn import (
    Embed,
    LayerNorm,
    LearnedPositionEmbedding,
    Linear,
    TransformerEncoder,
    TransformerEncoderLayer,
    initializers,
    standing_for,
)

_INIT = initializers.normal(0.02)


def quick_gelu(x: jax.Array) -> jax.Array:
    """`x * sigmoid(1.702 x)`, which is close to GELU (Hendrycks and Gimpel, 2016).

    Args:
        x: Any floating-point array.
    """
    return x * jax.nn.sigmoid(1.702 * x)


class TextTransformer(Module):
    """The text encoder: a transformer in which each token attends to itself and earlier tokens.

    Args:
        vocabulary: Number of tokens.
        width: Features of each token.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        max_length: Number of positions.
        end_token: The token that ends a text; None: the token with the largest id in the text.
        mlp_features: Size inside the feed-forward networks; None: four times `width`.
        activation: Activation of the feed-forward networks.
        epsilon: Added to the variance in the norms.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        max_length: int,
        end_token: int | None,
        mlp_features: int | None,
        activation: Callable[[jax.Array], jax.Array],
        epsilon: float,
        dtype: Any,
        param_dtype: Any,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        self.end_token = end_token
        self.embed = Embed(vocabulary, width, embedding_init=_INIT, **dtypes)
        self.positions = LearnedPositionEmbedding(max_length, embedding_init=_INIT, **dtypes)
        block = TransformerEncoderLayer(
            num_heads,
            mlp_features=mlp_features,
            activation=activation,
            dropout_rate=0.0,
            norm_first=True,
            epsilon=epsilon,
            causal=True,
            **dtypes,
        )
        self.blocks = TransformerEncoder(
            block, num_layers, norm=LayerNorm(epsilon=epsilon, **dtypes)
        )

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """The hidden states, `[batch..., length, width]`, of tokens `[batch..., length]`."""
        return self.blocks(self.positions(self.embed(tokens)))

    def pool(self, hidden: jax.Array, tokens: jax.Array) -> jax.Array:
        """The hidden state at the end of each text, which has attended to the whole text.

        Args:
            hidden: The hidden states, `[batch..., length, width]`.
            tokens: The tokens, `[batch..., length]`.

        Returns:
            Shape `[batch..., width]`.
        """
        ends = tokens if self.end_token is None else equals(tokens, self.end_token)
        end = jnp.argmax(ends, axis=-1)[..., None, None]  # the first one
        return jnp.take_along_axis(hidden, end, axis=-2)[..., 0, :]


class CLIP(Architecture):
    """Two encoders, whose outputs for an image and its caption are close (Radford et al., 2021).

    A call returns the logits of all pairs of an image and a text, from which the contrastive loss
    and zero-shot classification are computed. `encode_image` and `encode_text` return the
    embeddings. Presets: `"vit-b-32"`, `"vit-b-16"`, `"vit-l-14"`, `"vit-l-14-336"`.

    Args:
        features: Size of the common embedding space.
        image_width: Features of each patch.
        image_layers: Number of blocks of the image encoder.
        image_heads: Its number of heads.
        patch_size: Height and width of a patch in pixels.
        image_size: Height and width of the images in pixels.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.
        text_width: Features of each token.
        text_layers: Number of blocks of the text encoder.
        text_heads: Its number of heads.
        vocabulary: Number of tokens.
        max_length: Largest number of tokens of a text.
        end_token: The token that ends a text, at which its embedding is taken; None: the token with
            the largest id in the text, which is the end token in the original vocabulary.
        image_mlp_features: Size inside the feed-forward networks of the image encoder; None: four
            times its width.
        text_mlp_features: The same for the text encoder.
        activation: Activation of the feed-forward networks.
        epsilon: Added to the variance in the norms.
        logit_scale: The initial logarithm of the scale of the cosine similarities; the original
            keeps the scale below 100 in training.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: In a call, if a text is longer than `max_length`, or images have another size.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.CLIP(
        ...     8, image_width=16, image_layers=2, image_heads=4, patch_size=4, image_size=8,
        ...     text_width=12, text_layers=2, text_heads=2, vocabulary=20, max_length=6,
        ... )
        >>> images, tokens = jnp.zeros((3, 8, 8, 3)), jnp.array([[1, 5, 19], [1, 19, 0]])
        >>> model = model.init(0, (images, tokens)).eval()
        >>> model(images, tokens).shape, model.encode_text(tokens).shape
        ((3, 2), (2, 8))
    """

    presets = {
        "vit-b-32": {
            "features": 512, "patch_size": 32,
            "image_width": 768, "image_layers": 12, "image_heads": 12,
            "text_width": 512, "text_layers": 12, "text_heads": 8,
        },
        "vit-b-16": {
            "features": 512, "patch_size": 16,
            "image_width": 768, "image_layers": 12, "image_heads": 12,
            "text_width": 512, "text_layers": 12, "text_heads": 8,
        },
        "vit-l-14": {
            "features": 768, "patch_size": 14,
            "image_width": 1024, "image_layers": 24, "image_heads": 16,
            "text_width": 768, "text_layers": 12, "text_heads": 12,
        },
        "vit-l-14-336": {
            "features": 768, "patch_size": 14, "image_size": 336,
            "image_width": 1024, "image_layers": 24, "image_heads": 16,
            "text_width": 768, "text_layers": 12, "text_heads": 12,
        },
    }  # fmt: skip

    logit_scale: jax.Array = Parameter.node()

    def __init__(
        self,
        features: int,
        *,
        image_width: int,
        image_layers: int,
        image_heads: int,
        patch_size: int,
        text_width: int,
        text_layers: int,
        text_heads: int,
        image_size: int = 224,
        num_channels: int = 3,
        vocabulary: int = 49_408,
        max_length: int = 77,
        end_token: int | None = None,
        image_mlp_features: int | None = None,
        text_mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = quick_gelu,
        epsilon: float = 1e-5,
        logit_scale: float = math.log(1 / 0.07),
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        shared = {"activation": activation, "epsilon": epsilon, **dtypes}
        self.num_channels = num_channels
        self.image = VisionTransformer(
            image_width,
            image_layers,
            image_heads,
            patch_size=patch_size,
            image_size=image_size,
            mlp_features=image_mlp_features,
            patch_bias=False,
            norm_before=True,
            **shared,
        )
        self.text = TextTransformer(
            vocabulary,
            text_width,
            text_layers,
            text_heads,
            max_length=max_length,
            end_token=end_token,
            mlp_features=text_mlp_features,
            **shared,
        )
        self.image_projection = Linear(features, use_bias=False, **dtypes)
        self.text_projection = Linear(features, use_bias=False, **dtypes)
        self.logit_scale = jnp.asarray(logit_scale, param_dtype)

    def example_inputs(self) -> Inputs:
        """A black image, and two tokens."""
        images = jnp.zeros((1, *standing_for(self.image).image_size, self.num_channels))
        return Inputs(images, jnp.zeros((1, 2), jnp.int32))

    def encode_image(self, images: jax.Array, *, normalize: bool = False) -> jax.Array:
        """The embeddings of images.

        Args:
            images: Shape `[batch..., height, width, channels]`.
            normalize: Whether to divide each vector by its length.

        Returns:
            Shape `[batch..., features]`.
        """
        vectors = self.image_projection(self.image(images)[..., 0, :])
        return unit_length(vectors) if normalize else vectors

    def encode_text(self, tokens: jax.Array, *, normalize: bool = False) -> jax.Array:
        """The embeddings of texts.

        Args:
            tokens: Integers, `[batch..., length]`; tokens after the end of a text have no
                influence.
            normalize: As in `encode_image`.

        Returns:
            Shape `[batch..., features]`.
        """
        hidden = self.text.pool(self.text(tokens), tokens)
        vectors = self.text_projection(hidden)
        return unit_length(vectors) if normalize else vectors

    def __call__(self, images: jax.Array, tokens: jax.Array) -> jax.Array:
        """The cosine similarities of images and texts, times `exp(logit_scale)`.

        Args:
            images: Shape `[images, height, width, channels]`.
            tokens: Integers, `[texts, length]`.

        Returns:
            The logits, `[images, texts]`: each row has the logits of all texts for one image.
        """
        image = self.encode_image(images, normalize=True)
        text = self.encode_text(tokens, normalize=True)
        return jnp.exp(self.logit_scale).astype(image.dtype) * (image @ text.T)
