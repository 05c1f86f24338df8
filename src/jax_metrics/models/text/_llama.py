"""Llama: the decoder of today's open language models."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models.text._language_model import LanguageModel
from jax_metrics.module import Module
from jax_metrics.nn import (
    Embed,
    RMSNorm,
    RotaryEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    initializers,
)
from jax_metrics.nn import Llama3RotaryScaling as Scaling

_SMOLLM2 = {"vocabulary": 49152, "rope_base": 100_000.0, "max_length": 8192}
_LLAMA32 = {
    "vocabulary": 128_256,
    "num_kv_heads": 8,
    "rope_base": 500_000.0,
    "rope_scaling": Scaling(32.0, original_length=8192),
    "max_length": 131_072,
}


class LlamaFeatures(Module):
    """The embedding and the blocks of a `Llama`, to the last norm.

    Args:
        embed: The embedding.
        block: The block to repeat, not initialized yet.
        num_layers: Number of blocks.
        norm: The last norm.
    """

    def __init__(self, embed: Embed, block: Module, num_layers: int, norm: Module):
        self.embed = embed
        self.blocks = TransformerEncoder(block, num_layers, norm=norm)

    def __call__(self, tokens: jax.Array, **options: Any) -> jax.Array:
        """The hidden states, `[batch..., length, width]`.

        Args:
            tokens: Integers, `[batch..., length]`.
            **options: `positions` and `padding_mask`, as in a call of `Llama`.
        """
        return self.blocks(self.embed(tokens), **options)


class Llama(LanguageModel):
    """A decoder with rotary positions, grouped queries, SwiGLU and RMSNorm (Touvron et al., 2023).

    Each block adds `self_attention(norm1(x))` and then `feed_forward(norm2(x))` to `x`; no layer
    has a bias. Presets: `"smollm2-135m"`, `"smollm2-360m"`, `"smollm2-1.7b"`, `"llama-3.2-1b"`,
    `"llama-3.2-3b"`, `"tinyllama-1.1b"`.

    Args:
        vocabulary: Number of tokens.
        width: Features of the hidden states.
        num_layers: Number of blocks.
        num_heads: Number of query heads.
        num_kv_heads: Number of key and value heads; None: the same as `num_heads`.
        head_dim: Size of a head; None: the width divided by `num_heads`.
        mlp_features: Features inside the feed-forward networks; None: four times the width.
        activation: That of the gate.
        rope_base: The base of the rotary embedding.
        rope_scaling: How its frequencies are scaled, as in `jm.nn.RotaryEmbedding`.
        max_length: The number of positions that the model was trained for.
        epsilon: Added to the mean square in the norms.
        tied: Whether the head shares the matrix of the embedding.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the numbers of heads do not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.Llama(
        ...     vocabulary=10, width=16, num_layers=2, num_heads=4, num_kv_heads=2
        ... )
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> tokens = jnp.array([[3, 1, 4]])
        >>> model(tokens).shape, model.features(tokens).shape
        ((1, 3, 10), (1, 3, 16))
    """

    presets = {  # noqa: RUF012
        "smollm2-135m": {
            "width": 576, "num_layers": 30, "num_heads": 9, "num_kv_heads": 3,
            "mlp_features": 1536, **_SMOLLM2,
        },
        "smollm2-360m": {
            "width": 960, "num_layers": 32, "num_heads": 15, "num_kv_heads": 5,
            "mlp_features": 2560, **_SMOLLM2,
        },
        "smollm2-1.7b": {
            "width": 2048, "num_layers": 24, "num_heads": 32, "mlp_features": 8192,
            **_SMOLLM2, "rope_base": 130_000.0,
        },
        "llama-3.2-1b": {
            "width": 2048, "num_layers": 16, "num_heads": 32, "mlp_features": 8192, **_LLAMA32,
        },
        "llama-3.2-3b": {
            "width": 3072, "num_layers": 28, "num_heads": 24, "head_dim": 128,
            "mlp_features": 8192, **_LLAMA32,
        },
        "tinyllama-1.1b": {
            "vocabulary": 32_000, "width": 2048, "num_layers": 22, "num_heads": 32,
            "num_kv_heads": 4, "mlp_features": 5632, "tied": False,
        },
    }  # fmt: skip

    features: LlamaFeatures

    def __init__(
        self,
        vocabulary: int,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        head_dim: int | None = None,
        mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.silu,
        rope_base: float = 10_000.0,
        rope_scaling: Callable[[jax.Array], jax.Array] | None = None,
        max_length: int = 2048,
        epsilon: float = 1e-5,
        tied: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        block = TransformerEncoderLayer(
            num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=head_dim,
            mlp_features=mlp_features,
            activation=activation,
            gated=True,
            norm_first=True,
            norm=RMSNorm,
            epsilon=epsilon,
            causal=True,
            rope=RotaryEmbedding(rope_base, scaling=rope_scaling),
            use_bias=False,
            dropout_rate=0.0,
            kernel_init=initializers.normal(0.02),
            **dtypes,
        )
        embed = Embed(vocabulary, width, embedding_init=initializers.normal(0.02), **dtypes)
        norm = RMSNorm(epsilon=epsilon, **dtypes)
        features = LlamaFeatures(embed, block, num_layers, norm)
        super().__init__(features, vocabulary, max_length=max_length, tied=tied, **dtypes)
