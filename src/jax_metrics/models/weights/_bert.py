"""Weights of BERT models in the names of the library transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, rename, skip, transpose
from jax_metrics.models.text import Bert, MaskedLanguageHead, Pooler
from jax_metrics.models.weights._config import activation_name, activation_of, refuse_unless
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._one_way import OneWay
from jax_metrics.models.weights._prefix import with_prefix, without_prefix
from jax_metrics.models.weights._weight_format import Rule, WeightFormat

_LINEAR = {
    "attention.self.query": "self_attention.query",
    "attention.self.key": "self_attention.key",
    "attention.self.value": "self_attention.value",
    "attention.output.dense": "self_attention.out",
    "intermediate.dense": "feed_forward.linear1",
    "output.dense": "feed_forward.linear2",
}
_NORMS = {"attention.output.LayerNorm": "norm1", "output.LayerNorm": "norm2"}


def from_config(config: Mapping[str, Any]) -> Bert:
    """The uninitialized model that a `config.json` describes.

    It has the head that the first of `architectures` has: of `BertForMaskedLM` and
    `BertForPreTraining` the one for masked tokens, if it does not pool them. Others have none,
    unless `to_config` wrote that there is a pooler.

    Args:
        config: The contents of the file.

    Raises:
        ValueError: If it describes a variant that is not supported.
    """
    refuse_unless(
        config, position_embedding_type="absolute", is_decoder=False, add_cross_attention=False
    )
    (architecture, *_) = config.get("architectures") or [""]
    # In a folder of sentence-transformers, other files say what its body is used for.
    pooling = config.get("sentence_pooling")
    masked = pooling is None and architecture in ("BertForMaskedLM", "BertForPreTraining")
    if masked:
        refuse_unless(config, tie_word_embeddings=True)
    model = Bert(
        vocabulary=config["vocab_size"],
        width=config["hidden_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        mlp_features=config["intermediate_size"],
        activation=activation_of(config, "hidden_act", "gelu"),
        max_length=config.get("max_position_embeddings", 512),
        num_segments=config.get("type_vocab_size", 2),
        epsilon=config.get("layer_norm_eps", 1e-12),
        dropout_rate=config.get("hidden_dropout_prob", 0.1),
        head="masked_language" if masked else config.get("sentence_head"),
        pooling=pooling,
        normalize=config.get("sentence_normalize", False),
    )
    attention = config.get("attention_probs_dropout_prob", 0.1)
    set_rates(model.features.blocks, attention=attention)
    return model


def to_config(model: Any) -> Mapping[str, Any]:
    """The configuration from which `from_config` makes such a model.

    Args:
        model: An initialized `Bert`.

    Raises:
        CheckpointError: If it has a head that this format does not know.
    """
    embed, layers = model.features.embed, model.features.blocks.layers
    masked, pooler = isinstance(model.head, MaskedLanguageHead), isinstance(model.head, Pooler)
    if not (masked or pooler or model.head is None):
        raise CheckpointError(
            "The Bert of transformers has a pooler or a head for masked tokens; this model has "
            f"{type(model.head).__name__}. `jm.save` writes its weights."
        )
    config = {
        "architectures": ["BertForMaskedLM" if masked else "BertModel"],
        "vocab_size": embed.tokens.embedding.shape[0],
        "hidden_size": embed.tokens.embedding.shape[1],
        "num_hidden_layers": len(layers),
        "num_attention_heads": layers[0].self_attention.num_heads,
        "intermediate_size": layers[0].feed_forward.linear1.kernel.shape[1],
        "hidden_act": activation_name(layers[0].feed_forward.activation),
        "max_position_embeddings": model.max_length,
        "type_vocab_size": embed.segments.embedding.shape[0],
        "layer_norm_eps": layers[0].norm1.epsilon,
        "hidden_dropout_prob": embed.dropout.rate,
        "attention_probs_dropout_prob": layers[0].self_attention.dropout_rate,
    }
    if pooler:
        config["sentence_head"] = "pooler"
    if model.pooling is not None:
        config["sentence_pooling"] = model.pooling
    if model.normalize:
        config["sentence_normalize"] = True
    return config


def rules(model: Any) -> Sequence[Rule]:
    """The rules from the names and layouts of transformers to those of a `Bert`.

    What the head of the model does not need is left out.

    Args:
        model: The model.
    """
    masked = isinstance(model.head, MaskedLanguageHead)
    parts = ("embeddings", "encoder", "pooler")
    body = "bert." if masked else ""
    found: list[Rule] = [
        with_prefix("bert", *parts) if masked else without_prefix("bert"),
        skip(f"{body}embeddings.position_ids", "cls.seq_relationship.{*rest}"),
        # Files that were converted from TensorFlow name the parameters of norms so.
        OneWay(rename("{*to}.LayerNorm.gamma", "{*to}.LayerNorm.weight")),
        OneWay(rename("{*to}.LayerNorm.beta", "{*to}.LayerNorm.bias")),
    ]
    for old, new in {"word": "tokens", "position": "positions", "token_type": "segments"}.items():
        ours = f"features.embed.{new}.embedding"
        found.append(rename(f"{body}embeddings.{old}_embeddings.weight", ours))
    found += _norm(f"{body}embeddings.LayerNorm", "features.embed.norm")
    for old, new in _LINEAR.items():
        found += _linear(f"{body}encoder.layer.{{i}}.{old}", f"features.blocks.layers.{{i}}.{new}")
    for old, new in _NORMS.items():
        found += _norm(f"{body}encoder.layer.{{i}}.{old}", f"features.blocks.layers.{{i}}.{new}")
    if isinstance(model.head, Pooler):
        found += _linear("pooler.dense", "head.linear")
    else:
        found.append(skip(f"{body}pooler.{{*rest}}"))
    if masked:
        found += _linear("cls.predictions.transform.dense", "head.linear")
        found += _norm("cls.predictions.transform.LayerNorm", "head.norm")
        # Both names are those of one tensor, which the embedding holds already.
        found.append(skip("cls.predictions.decoder.{*rest}"))
        found.append(rename("cls.predictions.bias", "head.decoder.bias"))
    else:
        found.append(skip("cls.{*rest}"))
    return found


def _linear(theirs: str, ours: str) -> list[Rule]:
    return [
        rename(f"{theirs}.weight", f"{ours}.kernel"),
        transpose(f"{ours}.kernel"),
        rename(f"{theirs}.bias", f"{ours}.bias"),
    ]


def _norm(theirs: str, ours: str) -> list[Rule]:
    return [rename(f"{theirs}.weight", f"{ours}.scale"), rename(f"{theirs}.bias", f"{ours}.bias")]


BERT_FORMAT = WeightFormat("bert", from_config, rules, to_config, Bert)
