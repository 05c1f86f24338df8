"""ViT: a transformer that classifies images, which it reads as sequences of patches."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.models.vision._vision_transformer import Size, VisionTransformer
from jax_metrics.module import Inputs, Module
from jax_metrics.nn import Identity, Linear, standing_for
from jax_metrics.tree import copy, make_mutable, node

_TINY = {"width": 192, "num_layers": 12, "num_heads": 3}
_SMALL = {"width": 384, "num_layers": 12, "num_heads": 6}
_BASE = {"width": 768, "num_layers": 12, "num_heads": 12}
_LARGE = {"width": 1024, "num_layers": 24, "num_heads": 16}
_HUGE = {"width": 1280, "num_layers": 32, "num_heads": 16}


class ViT(Architecture):
    """A vision transformer (Dosovitskiy et al., 2021).

    `features` turns an image into tokens, `head` the class token into logits. Presets: from the
    paper, `"vit_b_16"`, `"vit_b_32"`, `"vit_l_16"`, `"vit_l_32"`, `"vit_h_14"`, and the smaller
    models of DeiT (Touvron et al., 2021), `"vit_ti_16"` and `"vit_s_16"`.

    Args:
        width: Features of each token.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        patch_size: Height and width of a patch in pixels, or one number for both.
        image_size: Height and width of the images in pixels, multiples of those of a patch.
        num_classes: Number of logits; None: no head, the output is the input that the head would
            get.
        num_channels: Channels of the images of `example_inputs`, such as 1 for gray ones.
        mlp_features: Size inside the feed-forward networks; None: four times `width`.
        activation: Activation of the feed-forward networks.
        pooling: The input of the head: the class `"token"`, or the `"mean"` of all patches.
        representation_features: Size of a layer with tanh before the head, as used in pretraining
            in the paper; None: no such layer.
        dropout_rate: The probability that a value is dropped in training.
        epsilon: Added to the variance in the norms.
        qkv_bias: Whether queries, keys and values have biases.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the image does not consist of whole patches, or `pooling` is neither of
            these.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.ViT(16, 2, 4, patch_size=4, image_size=8, num_classes=10)
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> images = jnp.zeros((2, 8, 8, 3))
        >>> model(images).shape, model.features(images).shape
        ((2, 10), (2, 5, 16))
    """

    presets = {
        "vit_ti_16": {**_TINY, "patch_size": 16},
        "vit_s_16": {**_SMALL, "patch_size": 16},
        "vit_b_16": {**_BASE, "patch_size": 16},
        "vit_b_32": {**_BASE, "patch_size": 32},
        "vit_l_16": {**_LARGE, "patch_size": 16},
        "vit_l_32": {**_LARGE, "patch_size": 32},
        "vit_h_14": {**_HUGE, "patch_size": 14},
    }

    features: VisionTransformer
    representation: Linear | None
    head: Any = node()

    def __init__(
        self,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        patch_size: Size = 16,
        image_size: Size = 224,
        num_classes: int | None = 1000,
        num_channels: int = 3,
        mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = exact_gelu,
        pooling: Literal["token", "mean"] = "token",
        representation_features: int | None = None,
        dropout_rate: float = 0.0,
        epsilon: float = 1e-6,
        qkv_bias: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        if pooling not in ("token", "mean"):
            raise ValueError(f"ViT expects 'token' or 'mean' for `pooling`; got {pooling!r}.")
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        self.pooling = pooling
        self.num_channels = num_channels
        self.features = VisionTransformer(
            width,
            num_layers,
            num_heads,
            patch_size=patch_size,
            image_size=image_size,
            mlp_features=mlp_features,
            activation=activation,
            dropout_rate=dropout_rate,
            epsilon=epsilon,
            qkv_bias=qkv_bias,
            **dtypes,
        )
        self.representation = None
        if representation_features is not None:
            self.representation = Linear(representation_features, **dtypes)
        head: Module = Identity() if num_classes is None else Linear(num_classes, **dtypes)
        self.head = head

    def example_inputs(self) -> Inputs:
        """One black image of the right size."""
        return Inputs(jnp.zeros((1, *standing_for(self.features).image_size, self.num_channels)))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Classifies images.

        Args:
            images: Shape `[batch..., height, width, channels]`.

        Returns:
            The logits, `[batch..., num_classes]`.
        """
        tokens = self.features(images)
        x = tokens[..., 0, :] if self.pooling == "token" else tokens[..., 1:, :].mean(-2)
        if self.representation is not None:
            x = jnp.tanh(self.representation(x))
        return self.head(x)

    def with_image_size(self, image_size: Size) -> "ViT":
        """A copy for images of another size, with the learned positions interpolated (bicubic).

        Use this to fine-tune a model at a higher resolution than it was trained at.

        Args:
            image_size: As in the constructor.
        """
        model = copy(self)
        with make_mutable(model):
            model.features = self.features.with_image_size(image_size)
        return model
