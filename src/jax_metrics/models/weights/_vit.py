"""Weights of vision transformers in the names of the library transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, rename, reshape, skip
from jax_metrics.models.vision import ViT
from jax_metrics.models.weights._config import (
    activation_name,
    activation_of,
    labels_of,
    number_of_labels,
    refuse_unless,
)
from jax_metrics.models.weights._convolutions import channels_of, conv, layer_norm, linear
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import Identity, Linear

_LINEAR = {
    "attention.attention.query": "self_attention.query",
    "attention.attention.key": "self_attention.key",
    "attention.attention.value": "self_attention.value",
    "attention.output.dense": "self_attention.out",
    "intermediate.dense": "feed_forward.linear1",
    "output.dense": "feed_forward.linear2",
}
_NORMS = {"layernorm_before": "norm1", "layernorm_after": "norm2"}


def _from_config(config: Mapping[str, Any]) -> ViT:
    """The model; that of a body alone has the pooler that transformers gives it, and no head."""
    refuse_unless(config, pooler_act="tanh")
    width, classes = config.get("hidden_size", 768), number_of_labels(config)
    pools = classes is None and config.get("add_pooling_layer", True)
    model = ViT(
        width,
        config.get("num_hidden_layers", 12),
        config.get("num_attention_heads", 12),
        patch_size=_size(config.get("patch_size", 16)),
        image_size=_size(config.get("image_size", 224)),
        num_classes=classes,
        num_channels=config.get("num_channels", 3),
        mlp_features=config.get("intermediate_size", 3072),
        activation=activation_of(config, "hidden_act", "gelu"),
        representation_features=(config.get("pooler_output_size") or width) if pools else None,
        dropout_rate=config.get("hidden_dropout_prob", 0.0),
        epsilon=config.get("layer_norm_eps", 1e-12),
        qkv_bias=config.get("qkv_bias", True),
    )
    attention = config.get("attention_probs_dropout_prob", 0.0)
    set_rates(model.features.blocks, attention=attention)
    return model


def _size(size: Any) -> Any:
    return size if isinstance(size, int) else tuple(size)


def _to_config(model: ViT) -> Mapping[str, Any]:
    head, body = model.head, model.features
    classifies = isinstance(head, Linear)
    if not (classifies or isinstance(head, Identity)):
        raise CheckpointError(
            f"The ViT of transformers has one linear layer as its head; this model has "
            f"{type(head).__name__}. `jm.save` writes its weights."
        )
    if model.pooling != "token" or (classifies and model.representation is not None):
        raise CheckpointError(
            "The classifier of transformers reads the class token without a layer before the "
            f"head; this model has `pooling={model.pooling!r}` and the representation "
            f"{model.representation}. `jm.save` writes its weights."
        )
    block = body.blocks.layers[0]
    entries: dict[str, Any] = {"add_pooling_layer": model.representation is not None}
    if model.representation is not None:
        entries["pooler_output_size"] = model.representation.features
    return {
        "architectures": ["ViTForImageClassification" if classifies else "ViTModel"],
        "hidden_size": body.patches.features,
        "num_hidden_layers": len(body.blocks),
        "num_attention_heads": block.self_attention.num_heads,
        "intermediate_size": block.feed_forward.linear1.features,
        "hidden_act": activation_name(block.feed_forward.activation),
        "hidden_dropout_prob": body.dropout.rate,
        "attention_probs_dropout_prob": block.self_attention.dropout_rate,
        "layer_norm_eps": block.norm1.epsilon,
        "image_size": list(body.image_size),
        "patch_size": list(body.patch_size),
        "num_channels": channels_of(model, body.patches),
        "qkv_bias": block.self_attention.use_bias is True,
        **({} if classifies else entries),
        **labels_of(head.features if isinstance(head, Linear) else None),
    }


def _rules(model: ViT) -> Sequence[Rule]:
    classifies = isinstance(model.head, Linear)
    body = "vit." if classifies else ""
    width, embeddings = model.features.patches.features, f"{body}embeddings"
    token, positions = "features.class_token", "features.positions.embedding"
    rules: list[Rule] = [
        skip(f"{embeddings}.mask_token"),
        rename(f"{embeddings}.cls_token", token),
        reshape(token, (width,), before=(1, 1, width)),
        rename(f"{embeddings}.position_embeddings", positions),
        reshape(positions, (-1, width), before=(1, -1, width)),
        *conv(f"{embeddings}.patch_embeddings.projection", "features.patches"),
        *layer_norm(f"{body}layernorm", "features.blocks.norm"),
    ]
    theirs, ours = f"{body}encoder.layer.{{i}}", "features.blocks.layers.{i}"
    for old, new in _LINEAR.items():
        rules += linear(f"{theirs}.{old}", f"{ours}.{new}")
    for old, new in _NORMS.items():
        rules += layer_norm(f"{theirs}.{old}", f"{ours}.{new}")
    if classifies:
        return [*rules, *linear("classifier", "head")]
    if model.representation is None:
        return [*rules, skip("pooler.{*rest}")]
    return [*rules, *linear("pooler.dense", "representation")]


VIT_FORMAT = WeightFormat("vit", _from_config, _rules, _to_config, ViT)
