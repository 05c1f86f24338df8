"""Tokenizers from the vocabulary and merges in GGUF files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._packages import package

_CONTROL, _USER_DEFINED = 3, 4
_ROLES = {
    "bos": "bos_token_id",
    "eos": "eos_token_id",
    "unk": "unknown_token_id",
    "pad": "padding_token_id",
    "sep": "seperator_token_id",  # so spelled in the files
    "cls": "cls_token_id",
    "mask": "mask_token_id",
}
# How a text is cut before the merges. Numbers one digit at a time, or up to three.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}"
    r"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CUTS = {
    "gpt-2": "words",
    "smollm": "digits",
    "llama-bpe": _SPLIT.format(digits="{1,3}"),
    "qwen2": _SPLIT.format(digits=""),
}


def tokenizer_of_gguf(metadata: Mapping[str, Any], path: Path) -> tuple[Any, dict[str, str]]:
    """A `tokenizers.Tokenizer` and the special tokens by role.

    Args:
        metadata: That of the file.
        path: The file, for messages.

    Raises:
        CheckpointError: If the file has none, one of a kind that is unknown, or a damaged one.
    """
    try:
        return _made(metadata, path)
    except CheckpointError:
        raise
    except KeyError as error:
        raise CheckpointError(f"{path} lacks the entry {error} of its tokenizer.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} has a damaged tokenizer: {error}.") from error


def _made(metadata: Mapping[str, Any], path: Path) -> tuple[Any, dict[str, str]]:
    kind = metadata.get("tokenizer.ggml.model")
    cut = metadata.get("tokenizer.ggml.pre")
    if kind != "gpt2" or cut not in _CUTS:
        has = "no tokenizer" if kind is None else f"a tokenizer of the kind {kind!r} with {cut!r}"
        raise CheckpointError(
            f"{path} has {has}. Those of the kind 'gpt2' with {', '.join(map(repr, _CUTS))} can be "
            "read; load another one from its tokenizer.json."
        )
    tokens = metadata["tokenizer.ggml.tokens"]
    tokenizers = package("tokenizers", "A tokenizer")
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    vocabulary = {token: position for position, token in enumerate(tokens)}
    try:
        # Some vocabularies have whole words that no merges lead to.
        model = tokenizers.models.BPE(vocabulary, merges, ignore_merges=cut == "llama-bpe")
    except Exception as error:  # the package raises no narrower one
        raise CheckpointError(f"{path} has a damaged tokenizer: {error}.") from error
    backend = tokenizers.Tokenizer(model)
    backend.pre_tokenizer = _pre_tokenizer(tokenizers.pre_tokenizers, _CUTS[cut], tokenizers)
    if cut == "qwen2":
        backend.normalizer = tokenizers.normalizers.NFC()
    backend.decoder = tokenizers.decoders.ByteLevel()
    kinds = metadata.get("tokenizer.ggml.token_type", [])
    backend.add_special_tokens([t for t, k in zip(tokens, kinds, strict=False) if k == _CONTROL])
    backend.add_tokens(
        [
            tokenizers.AddedToken(token, normalized=False)
            for token, kind in zip(tokens, kinds, strict=False)
            if kind == _USER_DEFINED
        ]
    )
    special = {}
    for role, name in _ROLES.items():
        position = metadata.get(f"tokenizer.ggml.{name}")
        if position is not None and 0 <= position < len(tokens):
            special[role] = tokens[position]
    # Llama 3 was trained with a beginning, whether a file says so or not.
    begins = metadata.get("tokenizer.ggml.add_bos_token", cut == "llama-bpe")
    ends = metadata.get("tokenizer.ggml.add_eos_token", False)
    first = [special["bos"]] if begins and "bos" in special else []
    last = [special["eos"]] if ends and "eos" in special else []
    if first or last:
        backend.post_processor = tokenizers.processors.TemplateProcessing(
            single=[*first, "$A", *last],
            pair=[*first, "$A", *last, *(f"{one}:1" for one in (*first, "$B", *last))],
            special_tokens=[(token, vocabulary[token]) for token in {*first, *last}],
        )
    return backend, special


def _pre_tokenizer(parts: Any, cut: str, tokenizers: Any) -> Any:
    words = parts.ByteLevel(add_prefix_space=False)
    if cut == "words":
        return words
    if cut == "digits":
        return parts.Sequence([parts.Digits(individual_digits=True), words])
    return parts.Sequence(
        [
            parts.Split(tokenizers.Regex(cut), "isolated"),
            parts.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
