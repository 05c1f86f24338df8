"""Weights of GPT-2 in the names of the library transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import rename, skip, split, state_dict, transpose
from jax_metrics.models.text import GPT2
from jax_metrics.models.weights._config import activation_name, activation_of, refuse_unless
from jax_metrics.models.weights._dropout_rates import set_rates
from jax_metrics.models.weights._prefix import with_prefix
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import Dropout, Linear

_LINEAR = {
    "attn.c_proj": "self_attention.out",
    "mlp.c_fc": "feed_forward.linear1",
    "mlp.c_proj": "feed_forward.linear2",
}


def from_config(config: Mapping[str, Any]) -> GPT2:
    """The uninitialized model that a `config.json` describes.

    Args:
        config: The contents of the file.

    Raises:
        ValueError: If it describes a variant that is not supported.
    """
    refuse_unless(
        config,
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=False,
        add_cross_attention=False,
    )
    model = GPT2(
        vocabulary=config["vocab_size"],
        width=config["n_embd"],
        num_layers=config["n_layer"],
        num_heads=config["n_head"],
        mlp_features=config.get("n_inner"),
        activation=activation_of(config, "activation_function", "gelu_new"),
        max_length=config["n_positions"],
        epsilon=config.get("layer_norm_epsilon", 1e-5),
        dropout_rate=config.get("resid_pdrop", 0.1),
        tied=config.get("tie_word_embeddings", True),
    )
    model.features.dropout = Dropout(config.get("embd_pdrop", 0.1))
    set_rates(model.features.blocks, attention=config.get("attn_pdrop", 0.1))
    return model


def to_config(model: Any) -> Mapping[str, Any]:
    """The configuration from which `from_config` makes such a model.

    Args:
        model: An initialized `GPT2`.
    """
    features = model.features
    layers = features.blocks.layers
    return {
        "architectures": ["GPT2LMHeadModel"],
        "vocab_size": features.embed.embedding.shape[0],
        "n_embd": features.embed.embedding.shape[1],
        "n_layer": len(layers),
        "n_head": layers[0].self_attention.num_heads,
        "n_inner": layers[0].feed_forward.hidden_features,
        "activation_function": activation_name(layers[0].feed_forward.activation),
        "n_positions": model.max_length,
        "layer_norm_epsilon": layers[0].norm1.epsilon,
        "resid_pdrop": layers[0].dropout1.rate,
        "embd_pdrop": features.dropout.rate,
        "attn_pdrop": layers[0].self_attention.dropout_rate,
        "tie_word_embeddings": "head.kernel" not in state_dict(model),
    }


def rules(model: Any) -> Sequence[Rule]:
    """The rules from the names and layouts of transformers to those of a `GPT2`.

    Args:
        model: The model, whose head may be tied.
    """
    ours, theirs = "features.blocks.layers.{i}", "transformer.h.{i}"
    attention = f"{ours}.self_attention"
    found: list[Rule] = [
        with_prefix("transformer", "wte", "wpe", "h", "ln_f"),
        skip(f"{theirs}.attn.bias", f"{theirs}.attn.masked_bias"),  # masks, not parameters
        rename("transformer.wte.weight", "features.embed.embedding"),
        rename("transformer.wpe.weight", "features.positions.embedding"),
        rename("transformer.ln_f.weight", "features.blocks.norm.scale"),
        rename("transformer.ln_f.bias", "features.blocks.norm.bias"),
    ]
    # Kernels are [in, out] there, too; the three of the attention are side by side.
    for old, new, axis in (("weight", "kernel", 1), ("bias", "bias", 0)):
        names = [f"{attention}.{part}.{new}" for part in ("query", "key", "value")]
        found.append(split(f"{theirs}.attn.c_attn.{old}", names, axis))
    for old, new in _LINEAR.items():
        found.append(rename(f"{theirs}.{old}.weight", f"{ours}.{new}.kernel"))
        found.append(rename(f"{theirs}.{old}.bias", f"{ours}.{new}.bias"))
    for i in (1, 2):
        found.append(rename(f"{theirs}.ln_{i}.weight", f"{ours}.norm{i}.scale"))
        found.append(rename(f"{theirs}.ln_{i}.bias", f"{ours}.norm{i}.bias"))
    if isinstance(model.head, Linear):
        found.append(rename("lm_head.weight", "head.kernel"))
        found.append(transpose("head.kernel"))
    else:  # the model is used for its features
        found.append(skip("lm_head.weight"))
    return found


GPT2_FORMAT = WeightFormat("gpt2", from_config, rules, to_config, GPT2)
