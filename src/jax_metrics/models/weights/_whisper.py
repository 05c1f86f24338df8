"""Weights of Whisper in the names of the library transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint import rename, skip, transpose
from jax_metrics.models.audio import Whisper
from jax_metrics.models.weights._config import activation_name, activation_of, refuse_unless
from jax_metrics.models.weights._convolutions import layer_norm, linear
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._weight_format import Rule, WeightFormat

_SELF_ATTENTION = {
    "self_attn.q_proj": "self_attention.query",
    "self_attn.k_proj": "self_attention.key",
    "self_attn.v_proj": "self_attention.value",
    "self_attn.out_proj": "self_attention.out",
}
_CROSS_ATTENTION = {
    "encoder_attn.q_proj": "cross_attention.query",
    "encoder_attn.k_proj": "cross_attention.key",
    "encoder_attn.v_proj": "cross_attention.value",
    "encoder_attn.out_proj": "cross_attention.out",
}
_FEED_FORWARD = {"fc1": "feed_forward.linear1", "fc2": "feed_forward.linear2"}
_NORMS = {
    "encoder": {"self_attn_layer_norm": "norm1", "final_layer_norm": "norm2"},
    "decoder": {
        "self_attn_layer_norm": "norm1",
        "encoder_attn_layer_norm": "norm2",
        "final_layer_norm": "norm3",
    },
}


def _from_config(config: Mapping[str, Any]) -> Whisper:
    refuse_unless(config, scale_embedding=False, tie_word_embeddings=True)
    width = config.get("d_model", 384)
    model = Whisper(
        width,
        config.get("encoder_layers", 4),
        config.get("encoder_attention_heads", 6),
        decoder_layers=config.get("decoder_layers", 4),
        decoder_heads=config.get("decoder_attention_heads", 6),
        vocabulary=config.get("vocab_size", 51_865),
        num_mels=config.get("num_mel_bins", 80),
        max_frames=2 * config.get("max_source_positions", 1500),
        max_length=config.get("max_target_positions", 448),
        mlp_features=config.get("encoder_ffn_dim", 1536),
        decoder_mlp_features=config.get("decoder_ffn_dim", 1536),
        activation=activation_of(config, "activation_function", "gelu"),
        dropout_rate=config.get("dropout", 0.0),
    )
    for part in (model.encoder, model.decoder):
        set_rates(
            part.blocks,
            attention=config.get("attention_dropout", 0.0),
            inside=config.get("activation_dropout", 0.0),
        )
    return model


def _to_config(model: Whisper) -> Mapping[str, Any]:
    encoder, decoder = model.encoder, model.decoder
    hearing, writing = encoder.blocks.layers[0], decoder.blocks.layers[0]
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "d_model": decoder.embed.features,
        "encoder_layers": len(encoder.blocks),
        "encoder_attention_heads": hearing.self_attention.num_heads,
        "encoder_ffn_dim": hearing.feed_forward.linear1.features,
        "decoder_layers": len(decoder.blocks),
        "decoder_attention_heads": writing.self_attention.num_heads,
        "decoder_ffn_dim": writing.feed_forward.linear1.features,
        "vocab_size": decoder.vocabulary,
        "num_mel_bins": model.num_mels,
        "max_source_positions": encoder.max_frames // 2,
        "max_target_positions": decoder.max_length,
        "activation_function": activation_name(hearing.feed_forward.activation),
        "dropout": hearing.dropout1.rate,
        "attention_dropout": hearing.self_attention.dropout_rate,
        "activation_dropout": hearing.feed_forward.dropout.rate,
        **_special_tokens(decoder.vocabulary),
    }


def _special_tokens(vocabulary: int) -> dict[str, Any]:
    """Those of the two original vocabularies, of which the one for English is a token shorter."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    if vocabulary < 51_864:
        return dict.fromkeys(names)  # else transformers assumes those
    end = 50_256 if vocabulary == 51_864 else 50_257
    return {**dict.fromkeys(names, end), "decoder_start_token_id": end + 1}


def _rules(model: Whisper) -> Sequence[Rule]:
    encoder, decoder = "model.encoder", "model.decoder"
    sinusoids = f"{encoder}.embed_positions.weight"

    def positions(state: Mapping[str, Any]) -> dict[str, Any]:
        shape = model.encoder.max_frames // 2, model.encoder.conv1.features
        return {sinusoids: np.asarray(model.encoder.positions(jnp.zeros(shape, jnp.float32)))}

    rules: list[Rule] = [
        # Theirs are stored, but never trained; and the head is the embedding of the tokens.
        skip(sinusoids, defaults=positions),
        skip("proj_out.weight"),
        rename(f"{decoder}.embed_tokens.weight", "decoder.embed.embedding"),
        rename(f"{decoder}.embed_positions.weight", "decoder.positions.embedding"),
    ]
    for conv in ("conv1", "conv2"):
        ours = f"encoder.{conv}"
        rules += [
            rename(f"{encoder}.{conv}.weight", f"{ours}.kernel"),
            transpose(f"{ours}.kernel", (2, 1, 0)),
            rename(f"{encoder}.{conv}.bias", f"{ours}.bias"),
        ]
    for part, attentions in (
        ("encoder", _SELF_ATTENTION),
        ("decoder", _SELF_ATTENTION | _CROSS_ATTENTION),
    ):
        theirs, ours = f"model.{part}.layers.{{i}}", f"{part}.blocks.layers.{{i}}"
        for old, new in (attentions | _FEED_FORWARD).items():
            rules += linear(f"{theirs}.{old}", f"{ours}.{new}")
        for old, new in _NORMS[part].items():
            rules += layer_norm(f"{theirs}.{old}", f"{ours}.{new}")
        rules += layer_norm(f"model.{part}.layer_norm", f"{part}.blocks.norm")
    return rules


WHISPER_FORMAT = WeightFormat("whisper", _from_config, _rules, _to_config, Whisper)
