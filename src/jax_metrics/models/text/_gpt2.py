"""GPT-2: a decoder with learned positions."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models.text._language_model import LanguageModel
from jax_metrics.module import Module
from jax_metrics.nn import (
    Dropout,
    Embed,
    LayerNorm,
    LearnedPositionEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    initializers,
)

_INIT = initializers.normal(0.02)


class GPT2Features(Module):
    """The embeddings and the blocks of a `GPT2`, to the last norm.

    Args:
        embed: The embedding of tokens.
        positions: The embedding of positions.
        dropout: Applied to the sum of both.
        block: The block to repeat, not initialized yet.
        num_layers: Number of blocks.
        norm: The last norm.
    """

    def __init__(
        self,
        embed: Embed,
        positions: LearnedPositionEmbedding,
        dropout: Dropout,
        block: Module,
        num_layers: int,
        norm: Module,
    ):
        self.embed = embed
        self.positions = positions
        self.dropout = dropout
        self.blocks = TransformerEncoder(block, num_layers, norm=norm)

    def __call__(
        self,
        tokens: jax.Array,
        *,
        positions: Any = None,
        padding_mask: jax.Array | None = None,
    ) -> jax.Array:
        """The hidden states, `[batch..., length, width]`; the arguments are as in `GPT2`."""
        x = self.dropout(self.positions(self.embed(tokens), positions))
        return self.blocks(x, padding_mask=padding_mask)


class GPT2(LanguageModel):
    """A decoder with learned positions and LayerNorm before each branch (Radford et al., 2019).

    Presets: `"gpt2"`, `"gpt2-medium"`, `"gpt2-large"`, `"gpt2-xl"`.

    Args:
        vocabulary: Number of tokens.
        width: Features of the hidden states.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        mlp_features: Features inside the feed-forward networks; None: four times the width.
        activation: That of the feed-forward networks.
        max_length: Number of positions.
        epsilon: Added to the variance in the norms.
        dropout_rate: As in `jm.nn.TransformerEncoderLayer`; also used after the embedding.
        tied: Whether the head has the matrix of the embedding.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the number of heads does not fit; in a call, if the sequence is longer than
            `max_length`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.GPT2(vocabulary=10, width=16, num_layers=2, num_heads=4)
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> model(jnp.array([[3, 1, 4]])).shape
        (1, 3, 10)
    """

    presets = {  # noqa: RUF012
        "gpt2": {"vocabulary": 50_257, "width": 768, "num_layers": 12, "num_heads": 12},
        "gpt2-medium": {"vocabulary": 50_257, "width": 1024, "num_layers": 24, "num_heads": 16},
        "gpt2-large": {"vocabulary": 50_257, "width": 1280, "num_layers": 36, "num_heads": 20},
        "gpt2-xl": {"vocabulary": 50_257, "width": 1600, "num_layers": 48, "num_heads": 25},
    }

    features: GPT2Features

    def __init__(
        self,
        vocabulary: int,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.gelu,
        max_length: int = 1024,
        epsilon: float = 1e-5,
        dropout_rate: float = 0.1,
        tied: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        block = TransformerEncoderLayer(
            num_heads,
            mlp_features=mlp_features,
            activation=activation,
            norm_first=True,
            epsilon=epsilon,
            causal=True,
            dropout_rate=dropout_rate,
            kernel_init=_INIT,
            **dtypes,
        )
        features = GPT2Features(
            Embed(vocabulary, width, embedding_init=_INIT, **dtypes),
            LearnedPositionEmbedding(max_length, embedding_init=_INIT, **dtypes),
            Dropout(dropout_rate),
            block,
            num_layers,
            LayerNorm(epsilon=epsilon, **dtypes),
        )
        super().__init__(features, vocabulary, max_length=max_length, tied=tied, **dtypes)
