"""GGUF files of the Llama type: Llama, SmolLM and others."""

from collections.abc import Mapping, Set
from typing import Any

from jax_metrics.checkpoint import CheckpointError, rename, reshape, transpose
from jax_metrics.models.weights._gguf_format import GGUFFormat
from jax_metrics.models.weights._numbers import check_numbers
from jax_metrics.models.weights._weight_format import Rule

_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_SIZES = frozenset(
    "vocab_size embedding_length feed_forward_length block_count context_length "
    "attention.head_count attention.head_count_kv attention.key_length".split()
)
_POSITIVE = frozenset(["attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.scaling.factor"])
_OTHERS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def _to_config(metadata: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    if "rope_freqs.weight" in names:
        raise CheckpointError(
            "This GGUF file has frequencies of its own for the rotary embedding "
            "(`rope_freqs.weight`), from which their scaling cannot be told. Load the model from "
            "its safetensors files."
        )
    own = {
        name.removeprefix("llama."): value
        for name, value in metadata.items()
        if name.startswith("llama.")
    }
    check_numbers(own, _SIZES, _POSITIVE, "llama.")
    heads = own["attention.head_count"]
    config = {
        "model_type": "llama",
        "vocab_size": own.get("vocab_size") or len(metadata["tokenizer.ggml.tokens"]),
        "hidden_size": own["embedding_length"],
        "intermediate_size": own["feed_forward_length"],
        "num_hidden_layers": own["block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": own.get("attention.head_count_kv", heads),
        "head_dim": own.get("attention.key_length", own["embedding_length"] // heads),
        "max_position_embeddings": own["context_length"],
        "rope_theta": own.get("rope.freq_base", 10000.0),
        # A float32 in the file; the shortest decimal is the number that was meant.
        "rms_norm_eps": float(f"{own['attention.layer_norm_rms_epsilon']:.7g}"),
        "hidden_act": "silu",
        "attention_bias": "blk.0.attn_q.bias" in names,
        "mlp_bias": "blk.0.ffn_up.bias" in names,
        "tie_word_embeddings": "output.weight" not in names,
        "bos_token_id": metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": metadata.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": metadata.get("tokenizer.ggml.padding_token_id"),
    }
    if own.get("rope.scaling.type", "none") != "none":
        config["rope_scaling"] = {
            "rope_type": own["rope.scaling.type"],
            "factor": own["rope.scaling.factor"],
            "original_max_position_embeddings": own.get("rope.scaling.original_context_length"),
        }
    return config


def _rules(config: Mapping[str, Any]) -> list[Rule]:
    half = config["head_dim"] // 2
    rules: list[Rule] = []
    # llama.cpp turns pairs of neighbours, and Hugging Face the first half of a head against the
    # second: the rows of queries and keys are in another order.
    for name, heads in (("q", "num_attention_heads"), ("k", "num_key_value_heads")):
        rows = config[heads] * config["head_dim"]
        split = (config[heads], half, 2)
        joined = (config[heads], 2, half)
        rules += [
            reshape(f"blk.{{i}}.attn_{name}.weight", (*split, -1), before=(rows, -1)),
            transpose(f"blk.{{i}}.attn_{name}.weight", (0, 2, 1, 3)),
            reshape(f"blk.{{i}}.attn_{name}.weight", (rows, -1), before=(*joined, -1)),
            reshape(f"blk.{{i}}.attn_{name}.bias", split, before=(rows,)),
            transpose(f"blk.{{i}}.attn_{name}.bias", (0, 2, 1)),
            reshape(f"blk.{{i}}.attn_{name}.bias", (rows,), before=joined),
        ]
    rules += [
        rename(f"blk.{{i}}.{theirs}.{{name}}", f"model.layers.{{i}}.{ours}.{{name}}")
        for theirs, ours in _BLOCK.items()
    ]
    rules += [rename(f"{theirs}.weight", f"{ours}.weight") for theirs, ours in _OTHERS.items()]
    return rules


GGUF_LLAMA = GGUFFormat("llama", _to_config, _rules)
