"""Weights of Llama models in the names of the library transformers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from jax_metrics.checkpoint import rename, skip, state_dict, transpose
from jax_metrics.models.text import Llama
from jax_metrics.models.weights._config import activation_name, activation_of, refuse_unless
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._prefix import with_prefix
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import Linear, LinearRotaryScaling, Llama3RotaryScaling

_LAYERS = {
    "self_attn.q_proj": "self_attention.query",
    "self_attn.k_proj": "self_attention.key",
    "self_attn.v_proj": "self_attention.value",
    "self_attn.o_proj": "self_attention.out",
    "mlp.up_proj": "feed_forward.linear1",
    "mlp.gate_proj": "feed_forward.gate",
    "mlp.down_proj": "feed_forward.linear2",
}


def from_config(config: Mapping[str, Any]) -> Llama:
    """The uninitialized model that a `config.json` describes.

    Args:
        config: The contents of the file.

    Raises:
        ValueError: If it describes a variant that is not supported.
    """
    refuse_unless(config, attention_bias=False, mlp_bias=False, pretraining_tp=1)
    base, scaling = _rope(config)
    model = Llama(
        vocabulary=config["vocab_size"],
        width=config["hidden_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        num_kv_heads=config.get("num_key_value_heads"),
        head_dim=config.get("head_dim"),
        mlp_features=config["intermediate_size"],
        activation=activation_of(config, "hidden_act", "silu"),
        rope_base=base,
        rope_scaling=scaling,
        max_length=config.get("max_position_embeddings", 2048),
        epsilon=config.get("rms_norm_eps", 1e-6),
        tied=config.get("tie_word_embeddings", False),
    )
    set_rates(model.features.blocks, attention=config.get("attention_dropout", 0.0))
    return model


def _rope(config: Mapping[str, Any]) -> tuple[float, Callable[[jax.Array], jax.Array] | None]:
    """The base of the rotary embedding, and how its frequencies are scaled."""
    # transformers 5 writes both into one entry.
    found = config.get("rope_scaling") or config.get("rope_parameters") or {}
    base = found.get("rope_theta", config.get("rope_theta", 10_000.0))
    kind = found.get("rope_type", found.get("type", "default"))
    if kind == "default":
        return base, None
    if kind == "linear":
        return base, LinearRotaryScaling(found["factor"])
    if kind == "llama3":
        return base, Llama3RotaryScaling(
            found["factor"],
            low_frequency_factor=found["low_freq_factor"],
            high_frequency_factor=found["high_freq_factor"],
            original_length=found["original_max_position_embeddings"],
        )
    raise ValueError(
        f"The configuration scales its rotary embedding by {kind!r}, which is not supported; "
        "'default', 'linear' and 'llama3' are."
    )


def to_config(model: Any) -> Mapping[str, Any]:
    """The configuration from which `from_config` makes such a model.

    Args:
        model: An initialized `Llama`.
    """
    layers, embedding = model.features.blocks.layers, model.features.embed.embedding
    attention, feed_forward = layers[0].self_attention, layers[0].feed_forward
    heads = attention.num_heads
    config: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": embedding.shape[0],
        "hidden_size": embedding.shape[1],
        "num_hidden_layers": len(layers),
        "num_attention_heads": heads,
        "num_key_value_heads": attention.num_kv_heads or heads,
        "intermediate_size": feed_forward.linear1.kernel.shape[1],
        "hidden_act": activation_name(feed_forward.activation),
        "rope_theta": attention.rope.base,
        "max_position_embeddings": model.max_length,
        "rms_norm_eps": layers[0].norm1.epsilon,
        "attention_dropout": attention.dropout_rate,
        "tie_word_embeddings": "head.kernel" not in state_dict(model),
    }
    if attention.head_dim is not None:
        config["head_dim"] = attention.head_dim
    scaling = attention.rope.scaling
    if isinstance(scaling, LinearRotaryScaling):
        config["rope_scaling"] = {"rope_type": "linear", "factor": scaling.factor}
    elif isinstance(scaling, Llama3RotaryScaling):
        config["rope_scaling"] = {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_frequency_factor,
            "high_freq_factor": scaling.high_frequency_factor,
            "original_max_position_embeddings": scaling.original_length,
        }
    elif scaling is not None:
        raise ValueError(
            f"The rotary embedding has the scaling {scaling!r}, which has no name in a "
            "configuration; LinearRotaryScaling and Llama3RotaryScaling have one."
        )
    return config


def rules(model: Any) -> Sequence[Rule]:
    """The rules from the names and layouts of transformers to those of a `Llama`.

    Args:
        model: The model, whose head may be tied.
    """
    ours, theirs = "features.blocks.layers.{i}", "model.layers.{i}"
    found: list[Rule] = [
        with_prefix("model", "embed_tokens", "layers", "norm"),
        skip("{*to}.rotary_emb.inv_freq"),
        rename("model.embed_tokens.weight", "features.embed.embedding"),
        rename("model.norm.weight", "features.blocks.norm.scale"),
        rename(f"{theirs}.input_layernorm.weight", f"{ours}.norm1.scale"),
        rename(f"{theirs}.post_attention_layernorm.weight", f"{ours}.norm2.scale"),
    ]
    for old, new in _LAYERS.items():
        found.append(rename(f"{theirs}.{old}.weight", f"{ours}.{new}.kernel"))
        found.append(transpose(f"{ours}.{new}.kernel"))
    if isinstance(model.head, Linear):
        found.append(rename("lm_head.weight", "head.kernel"))
        found.append(transpose("head.kernel"))
    else:  # the model is used for its features
        found.append(skip("lm_head.weight"))
    return found


LLAMA_FORMAT = WeightFormat("llama", from_config, rules, to_config, Llama)
