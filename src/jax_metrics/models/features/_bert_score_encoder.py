"""A `Bert` as the encoder of `BERTScore`."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.models.pretrained import Tokenizer
from jax_metrics.models.text import Bert
from jax_metrics.module import Module
from jax_metrics.nn import merge_lora, standing_for


def bert_score_encoder(
    model: Bert,
    tokenizer: Tokenizer,
    *,
    layer: int | None = None,
    max_length: int | None = None,
    pad_to_multiple_of: int = 32,
) -> dict[str, Callable[..., Any]]:
    """The arguments `tokenizer` and `encoder` of `BERTScore`, from a model and its tokenizer.

    The embeddings are hidden states of single tokens: the pooling, head and normalization of the
    model are not used. Only the blocks that are needed are computed, in one program for each
    length.

    The scores depend on model and layer, so report both with a result. Scores from MiniLM are not
    comparable with published scores, which use RoBERTa and other models, and there is no published
    `baseline` for MiniLM.

    Args:
        model: The model, initialized; used in evaluation mode.
        tokenizer: That of the model.
        layer: The number of blocks before the hidden states: 0 for the embedding, negative numbers
            counted from the last; None: all blocks.
        max_length: Longer texts are truncated to this number of tokens; None: the limit of
            tokenizer and model.
        pad_to_multiple_of: Lengths are rounded up to multiples of this, so that few programs are
            compiled. The same number as `max_length` gives a single program.

    Returns:
        A dict of `tokenizer`, a function of a list of strings, and `encoder`, a function of its
        `input_ids` and `attention_mask` that returns hidden states `[texts, tokens, width]`.

    Raises:
        TypeError: If the model is not a `Bert`.
        ValueError: If it is not initialized, or a number is out of range.

    Source: Zhang, Kishore, Wu, Weinberger, Artzi: BERTScore: Evaluating Text Generation with BERT,
    2020.

    Example:
        >>> import tokenizers
        >>> import jax_metrics as jm
        >>> words = tokenizers.models.WordLevel({"[PAD]": 0, "a": 1, "b": 2}, unk_token="[PAD]")
        >>> backend = tokenizers.Tokenizer(words)
        >>> backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        >>> tokenizer = jm.models.Tokenizer(backend, {"pad": "[PAD]"})
        >>> model = jm.models.Bert(vocabulary=3, width=8, num_layers=2, num_heads=2)
        >>> model = model.init(0, model.example_inputs())
        >>> functions = jm.models.bert_score_encoder(model, tokenizer, layer=1)
        >>> metric = jm.metrics.BERTScore(**functions, special_tokens=False)
        >>> round(float(metric(target=["a b b"], preds=["a b b"])["f1"]), 4)
        1.0
    """
    model = merge_lora(model) if isinstance(model, Module) else model
    if not isinstance(model, Bert):
        raise TypeError(
            f"bert_score_encoder expects a jm.models.Bert; got {type(model).__name__}. Give other "
            "models to BERTScore as functions, `tokenizer=` and `encoder=`."
        )
    if not model.initialized:
        raise ValueError(
            "The Bert given to bert_score_encoder is not initialized. Load it with "
            "`jm.models.from_pretrained`, or call `model.init(key, model.example_inputs())`."
        )
    features = standing_for(model.eval().features)
    blocks = features.blocks
    number = len(blocks) if layer is None else layer + (len(blocks) + 1) * (layer < 0)
    if not 0 <= number <= len(blocks):
        raise ValueError(
            f"layer must be from 0 to {len(blocks)}, the number of blocks, or count from the last "
            f"as negative numbers do; got {layer}."
        )
    longest = [n for n in (tokenizer.max_length, model.max_length) if n is not None]
    limit = min(longest) if max_length is None else max_length
    if not 1 <= limit <= model.max_length:
        raise ValueError(
            f"max_length must be from 1 to {model.max_length}, the number of positions that the "
            f"model has; got {limit}."
        )
    if pad_to_multiple_of < 1:
        raise ValueError(f"pad_to_multiple_of must be 1 or more; got {pad_to_multiple_of}.")
    if number < len(blocks):
        features = features.replace(blocks=blocks[:number]).eval()
    return {
        "tokenizer": functools.partial(_tokenize, tokenizer, limit, pad_to_multiple_of),
        "encoder": functools.partial(_hidden_states, features),
    }


def _tokenize(
    tokenizer: Tokenizer, limit: int, multiple: int, texts: list[str]
) -> dict[str, np.ndarray]:
    """The ids and the mask of texts, filled up to a multiple, or to the limit if that is less."""
    found = tokenizer(texts, max_length=limit, pad_left=False)
    missing = min(-(-found.ids.shape[1] // multiple) * multiple, limit) - found.ids.shape[1]
    pad = tokenizer.id_of("pad") if "pad" in tokenizer.special else 0
    fill = ((0, 0), (0, missing))
    return {
        "input_ids": np.pad(found.ids, fill, constant_values=pad),
        "attention_mask": np.pad(found.mask, fill).astype(found.ids.dtype),
    }


def _hidden_states(features: Module, ids: Any, mask: Any) -> jax.Array:
    """The hidden states; a plain function, because compiled ones cannot be pickled."""
    return _compiled(features, ids, mask)


@jax.jit
def _compiled(features: Module, ids: Any, mask: Any) -> jax.Array:
    """The module is an argument, so that its weights are no constants of the program."""
    hidden = features(jnp.asarray(ids), padding_mask=jnp.asarray(mask) != 0)
    return hidden.astype(jnp.promote_types(hidden.dtype, jnp.float32))
