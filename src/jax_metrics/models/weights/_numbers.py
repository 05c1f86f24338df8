"""Checks of the numbers that describe a model, in configurations and in metadata."""

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

from jax_metrics.tree import as_whole

# Entries of the configurations of transformers.
_SIZES = frozenset(
    "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
    "num_key_value_heads head_dim max_position_embeddings n_embd n_head n_inner n_layer "
    "n_positions d_model encoder_layers encoder_attention_heads encoder_ffn_dim decoder_layers "
    "decoder_attention_heads decoder_ffn_dim max_source_positions max_target_positions "
    "num_mel_bins projection_dim image_size patch_size num_channels num_labels embedding_size "
    "hidden_sizes depths".split()
)
_POSITIVE = frozenset(
    "rms_norm_eps layer_norm_eps layer_norm_epsilon batch_norm_eps rope_theta factor".split()
)
_INNER = ("text_config", "vision_config", "rope_scaling", "rope_parameters")


def check_config(config: Mapping[str, Any], place: str = "") -> None:
    """Raises if a configuration of transformers has sizes or other numbers that none can have.

    Args:
        config: The contents of `config.json`.
        place: Where in it this part is, for the message.

    Raises:
        ValueError: If there is one, with its name and value.
    """
    check_numbers(config, _SIZES, _POSITIVE, place)
    for name in _INNER:
        if isinstance(inner := config.get(name), Mapping):
            check_config(inner, f"{place}{name}.")


def check_numbers(
    entries: Mapping[str, Any], sizes: Set[str], positive: Set[str], prefix: str = ""
) -> None:
    """Raises if one of some entries is not a positive number; None counts as absent.

    Args:
        entries: Values by name.
        sizes: The names of positive integers, or of lists of these.
        positive: The names of other positive numbers.
        prefix: What stands before the names, for the message.

    Raises:
        ValueError: If one is not, with its name and value.
    """
    for name, value in entries.items():
        if value is None or name not in sizes | positive:
            continue
        if name in sizes:
            many = isinstance(value, Sequence) and not isinstance(value, str)
            whole = [as_whole(one) for one in (value if many else [value])]
            fits, expected = all(one is not None and one > 0 for one in whole), "a positive integer"
        else:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            fits, expected = number and 0 < value < math.inf, "a positive number"
        if not fits:
            raise ValueError(f"`{prefix}{name}` is {value!r}; expected {expected}.")
