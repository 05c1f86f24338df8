"""Weights of CLIP in the names of the library transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import rename, skip, transpose
from jax_metrics.models.multimodal import CLIP
from jax_metrics.models.weights._config import activation_name, activation_of, refuse_unless
from jax_metrics.models.weights._convolutions import channels_of, layer_norm, linear
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._weight_format import Rule, WeightFormat

_LINEAR = {
    "self_attn.q_proj": "self_attention.query",
    "self_attn.k_proj": "self_attention.key",
    "self_attn.v_proj": "self_attention.value",
    "self_attn.out_proj": "self_attention.out",
    "mlp.fc1": "feed_forward.linear1",
    "mlp.fc2": "feed_forward.linear2",
}
_NORMS = {"layer_norm1": "norm1", "layer_norm2": "norm2"}
_SHARED = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}  # both towers have the same ones
_WRONG_END_TOKEN = 2  # in old configurations, which the texts do not contain


def _from_config(config: Mapping[str, Any]) -> CLIP:
    image = {**_SHARED, **(config.get("vision_config") or {})}
    text = {**_SHARED, **(config.get("text_config") or {})}
    refuse_unless(text, **{name: image[name] for name in _SHARED})
    end_token = text.get("eos_token_id", 49_407)
    model = CLIP(
        config.get("projection_dim", 512),
        image_width=image.get("hidden_size", 768),
        image_layers=image.get("num_hidden_layers", 12),
        image_heads=image.get("num_attention_heads", 12),
        patch_size=image.get("patch_size", 32),
        image_size=image.get("image_size", 224),
        num_channels=image.get("num_channels", 3),
        text_width=text.get("hidden_size", 512),
        text_layers=text.get("num_hidden_layers", 12),
        text_heads=text.get("num_attention_heads", 8),
        vocabulary=text.get("vocab_size", 49_408),
        max_length=text.get("max_position_embeddings", 77),
        end_token=None if end_token == _WRONG_END_TOKEN else end_token,
        image_mlp_features=image.get("intermediate_size", 3072),
        text_mlp_features=text.get("intermediate_size", 2048),
        activation=activation_of(text, "hidden_act", "quick_gelu"),
        epsilon=text["layer_norm_eps"],
        logit_scale=config.get("logit_scale_init_value", 2.6592),
    )
    for tower, settings in ((model.image, image), (model.text, text)):
        set_rates(tower.blocks, attention=settings.get("attention_dropout", 0.0))
    return model


def _to_config(model: CLIP) -> Mapping[str, Any]:
    def tower(body: Any, width: int) -> dict[str, Any]:
        block = body.blocks.layers[0]
        return {
            "hidden_size": width,
            "intermediate_size": block.feed_forward.linear1.features,
            "num_hidden_layers": len(body.blocks),
            "num_attention_heads": block.self_attention.num_heads,
            "hidden_act": activation_name(block.feed_forward.activation),
            "layer_norm_eps": block.norm1.epsilon,
            "attention_dropout": block.self_attention.dropout_rate,
        }

    image, text = model.image, model.text
    end_token = _WRONG_END_TOKEN if text.end_token is None else text.end_token
    return {
        "architectures": ["CLIPModel"],
        "projection_dim": model.image_projection.features,
        "logit_scale_init_value": float(model.logit_scale),
        "vision_config": {
            **tower(image, image.patches.features),
            "image_size": image.image_size[0],
            "patch_size": image.patch_size[0],
            "num_channels": channels_of(model, image.patches),
        },
        "text_config": {
            **tower(text, text.embed.features),
            "vocab_size": text.embed.num_embeddings,
            "max_position_embeddings": text.positions.num_embeddings,
            "eos_token_id": end_token,
        },
    }


def _rules(model: CLIP) -> Sequence[Rule]:
    image, text = "vision_model", "text_model"
    rules: list[Rule] = [
        # Their numbers count from 0, which older files say.
        skip(f"{image}.embeddings.position_ids", f"{text}.embeddings.position_ids"),
        rename(f"{image}.embeddings.class_embedding", "image.class_token"),
        rename(f"{image}.embeddings.position_embedding.weight", "image.positions.embedding"),
        rename(f"{image}.embeddings.patch_embedding.weight", "image.patches.kernel"),
        transpose("image.patches.kernel", (2, 3, 1, 0)),
        *layer_norm(f"{image}.pre_layrnorm", "image.norm_before"),  # so they write it
        *layer_norm(f"{image}.post_layernorm", "image.blocks.norm"),
        rename(f"{text}.embeddings.token_embedding.weight", "text.embed.embedding"),
        rename(f"{text}.embeddings.position_embedding.weight", "text.positions.embedding"),
        *layer_norm(f"{text}.final_layer_norm", "text.blocks.norm"),
        *linear("visual_projection", "image_projection"),
        *linear("text_projection", "text_projection"),
    ]
    for tower, part in ((image, "image"), (text, "text")):
        theirs, ours = f"{tower}.encoder.layers.{{i}}", f"{part}.blocks.layers.{{i}}"
        for old, new in _LINEAR.items():
            rules += linear(f"{theirs}.{old}", f"{ours}.{new}")
        for old, new in _NORMS.items():
            rules += layer_norm(f"{theirs}.{old}", f"{ours}.{new}")
    return rules


CLIP_FORMAT = WeightFormat("clip", _from_config, _rules, _to_config, CLIP)
