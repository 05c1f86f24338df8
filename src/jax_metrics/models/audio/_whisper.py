"""Whisper: an audio encoder, and a decoder that transcribes it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.module import Inputs, Module, describe_place
from jax_metrics.nn import (
    Conv,
    Embed,
    LayerNorm,
    LearnedPositionEmbedding,
    SinusoidalPositionEmbedding,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
    cached_length,
    init_cache,
    initializers,
    standing_for,
)
from jax_metrics.tree import OtherMethod

_GENERATE = "Write `jm.models.generate(model.listen(features), tokens, max_new_tokens)`."
_INIT = initializers.normal(0.02)
_BIASES = ("query", "value", "out")  # a bias of the keys would change no attention weight


class WhisperEncoder(Module):
    """Two convolutions over time, the second of which halves the length, and a transformer.

    Args:
        width: Features of each position.
        num_layers: Number of blocks.
        block: Options of the blocks.
        max_frames: Largest number of frames.
        epsilon: Added to the variance in the norms.
        **dtypes: `dtype` and `param_dtype` of the layers.
    """

    def __init__(
        self,
        width: int,
        num_layers: int,
        block: dict[str, Any],
        *,
        max_frames: int,
        epsilon: float,
        **dtypes: Any,
    ):
        self.max_frames = max_frames
        self.conv1 = Conv(width, 3, padding=1, **dtypes)
        self.conv2 = Conv(width, 3, strides=2, padding=1, **dtypes)
        self.positions = SinusoidalPositionEmbedding(interleaved=False, endpoint=True)
        self.blocks = TransformerEncoder(
            TransformerEncoderLayer(epsilon=epsilon, **block, **dtypes),
            num_layers,
            norm=LayerNorm(epsilon=epsilon, **dtypes),
        )

    def __call__(self, features: jax.Array) -> jax.Array:
        """The memory, `[batch..., frames / 2, width]`, of features `[batch..., frames, mels]`."""
        if features.ndim < 2 or features.shape[-2] > self.max_frames:
            raise ValueError(
                f"{describe_place(self)} takes features [batch..., frames, mels] of at most "
                f"{self.max_frames} frames; got shape {features.shape}."
            )
        x = exact_gelu(self.conv1(features))
        x = exact_gelu(self.conv2(x))
        return self.blocks(self.positions(x))


class WhisperDecoder(Module):
    """A transformer that predicts the next token from those before it, and from the memory.

    Args:
        vocabulary: Number of tokens.
        width: Features of each token.
        num_layers: Number of blocks.
        block: Options of the blocks.
        max_length: Number of positions.
        epsilon: Added to the variance in the norms.
        **dtypes: `dtype` and `param_dtype` of the layers.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        num_layers: int,
        block: dict[str, Any],
        *,
        max_length: int,
        epsilon: float,
        **dtypes: Any,
    ):
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.embed = Embed(vocabulary, width, embedding_init=_INIT, **dtypes)
        self.positions = LearnedPositionEmbedding(max_length, embedding_init=_INIT, **dtypes)
        self.blocks = TransformerDecoder(
            TransformerDecoderLayer(epsilon=epsilon, **block, **dtypes),
            num_layers,
            norm=LayerNorm(epsilon=epsilon, **dtypes),
        )

    def __call__(
        self,
        tokens: jax.Array,
        memory: jax.Array | None = None,
        *,
        positions: Any = None,
        padding_mask: jax.Array | None = None,
        memory_padding_mask: jax.Array | None = None,
        logits_at: jax.Array | None = None,
    ) -> jax.Array:
        """Logits of the next token.

        Args:
            tokens: Integers, `[batch..., length]`.
            memory: The output of the encoder, `[batch..., frames, width]`; None: that of an earlier
                call, after `init_cache(..., memory_length=...)`.
            positions: The positions of the tokens: an offset, or integers `[batch..., length]`;
                None: counted from 0, or from the number of cached positions.
            padding_mask: True at tokens, False at padding, `[batch..., length]`.
            memory_padding_mask: The same for the memory, `[batch..., frames]`.
            logits_at: Indices along `length`, `[batch..., n]`, of the positions whose logits are
                wanted; None: all.

        Returns:
            Shape `[batch..., length or n, vocabulary]`.
        """
        positions = cached_length(self) if positions is None else positions
        x = self.positions(self.embed(tokens), positions)
        x = self.blocks(
            x, memory, padding_mask=padding_mask, memory_padding_mask=memory_padding_mask
        )
        if logits_at is not None:
            x = jnp.take_along_axis(x, logits_at[..., None], axis=-2)
        return self.embed.attend(x)


class Whisper(Architecture):
    """Speech to text (Radford et al., 2023): `decoder(tokens, encoder(features))`.

    The features are those of `log_mel_spectrogram`. `listen` returns a decoder that stores the
    encoded audio, and generates text with a cache. Presets, for many languages: `"tiny"`, `"base"`,
    `"small"`, `"medium"`, `"large"`, and `"large-v3"`, which has 128 bands and one more language.

    Args:
        width: Features of each position.
        num_layers: Number of blocks of the encoder, and of the decoder.
        num_heads: Number of heads.
        decoder_layers: Number of blocks of the decoder, if it differs.
        decoder_heads: Number of heads of the decoder, if it differs.
        vocabulary: Number of tokens; 51,864 for the English-only models.
        num_mels: Number of bands of the features.
        max_frames: Largest number of frames: 30 seconds have 3000.
        max_length: Largest number of tokens of a text.
        mlp_features: Size inside the feed-forward networks; None: four times `width`.
        decoder_mlp_features: The same for the decoder, if it differs.
        activation: Activation of the feed-forward networks.
        dropout_rate: As in `jm.nn.TransformerEncoderLayer`.
        epsilon: Added to the variance in the norms.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: In a call, if the audio or the text is too long.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> features, tokens = jnp.zeros((1, 30, 8)), jnp.array([[3, 1, 4]])
        >>> model = jm.models.Whisper(16, 1, 4, vocabulary=20, num_mels=8, max_length=12)
        >>> model = model.init(0, (features, tokens)).eval()
        >>> logits = model(features, tokens)
        >>> decoder = model.listen(features)
        >>> steps = [decoder(tokens[:, :2]), decoder(tokens[:, 2:])]
        >>> logits.shape, bool(jnp.allclose(jnp.concatenate(steps, 1), logits, atol=1e-4))
        ((1, 3, 20), True)
    """

    if not TYPE_CHECKING:  # for a checker they do not exist
        generate = OtherMethod(_GENERATE)
        transcribe = OtherMethod(_GENERATE)
    presets = {
        "tiny": {"width": 384, "num_layers": 4, "num_heads": 6},
        "base": {"width": 512, "num_layers": 6, "num_heads": 8},
        "small": {"width": 768, "num_layers": 12, "num_heads": 12},
        "medium": {"width": 1024, "num_layers": 24, "num_heads": 16},
        "large": {"width": 1280, "num_layers": 32, "num_heads": 20},
        "large-v3": {
            "width": 1280, "num_layers": 32, "num_heads": 20,
            "num_mels": 128, "vocabulary": 51_866,
        },
    }  # fmt: skip

    def __init__(
        self,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        decoder_layers: int | None = None,
        decoder_heads: int | None = None,
        vocabulary: int = 51_865,
        num_mels: int = 80,
        max_frames: int = 3000,
        max_length: int = 448,
        mlp_features: int | None = None,
        decoder_mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = exact_gelu,
        dropout_rate: float = 0.0,
        epsilon: float = 1e-5,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        shared = {"epsilon": epsilon, "dtype": dtype, "param_dtype": param_dtype}

        def block(heads: int, features: int | None) -> dict[str, Any]:
            return {
                "num_heads": heads,
                "mlp_features": features,
                "activation": activation,
                "dropout_rate": dropout_rate,
                "norm_first": True,
                "attention_bias": _BIASES,
            }

        self.num_mels = num_mels
        self.encoder = WhisperEncoder(
            width, num_layers, block(num_heads, mlp_features), max_frames=max_frames, **shared
        )
        self.decoder = WhisperDecoder(
            vocabulary,
            width,
            num_layers if decoder_layers is None else decoder_layers,
            block(
                num_heads if decoder_heads is None else decoder_heads,
                mlp_features if decoder_mlp_features is None else decoder_mlp_features,
            ),
            max_length=max_length,
            **shared,
        )

    def example_inputs(self) -> Inputs:
        """A short silence, and one token."""
        return Inputs(jnp.zeros((1, 4, self.num_mels)), jnp.zeros((1, 1), jnp.int32))

    def __call__(
        self, features: jax.Array, tokens: jax.Array, *, padding_mask: jax.Array | None = None
    ) -> jax.Array:
        """Logits of the next token at each position of a text, as in training.

        Args:
            features: Shape `[batch..., frames, mels]`.
            tokens: Integers, `[batch..., length]`.
            padding_mask: True at tokens, False at padding, `[batch..., length]`.

        Returns:
            Shape `[batch..., length, vocabulary]`.
        """
        return self.decoder(tokens, self.encoder(features), padding_mask=padding_mask)

    def listen(self, features: jax.Array, *, max_length: int | None = None) -> WhisperDecoder:
        """A decoder with a cache that has encoded the features, and is called with tokens only.

        The keys and values of the encoded audio are computed here, once. The decoder takes one
        sequence of tokens for each sound.

        Args:
            features: Shape `[batch..., frames, mels]`.
            max_length: How many tokens the cache holds; None: as many as there are positions.
        """
        memory = self.encoder(features)
        batch, frames = memory.shape[:-2], memory.shape[-2]
        length = standing_for(self.decoder).max_length if max_length is None else max_length
        decoder = init_cache(self.decoder, batch, length, memory_length=frames)
        decoder(jnp.zeros((*batch, 1), jnp.int32), memory)  # each layer keeps what it needs of it
        return init_cache(decoder, batch, length)  # forgets the token
