"""Texts as token ids, by the tokenizer of a user, and their encoders called in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from jax_metrics.arguments import names_arguments

T = TypeVar("T")
Tokenizer = Callable[[list[str]], Mapping[str, Any]]
Encoder = Callable[[Any, Any], Any]


class Tokenized(NamedTuple):
    """Texts as token ids.

    Attributes:
        ids: Integers, `[texts, tokens]`.
        mask: Whether each of them is a token and not padding, booleans of the same shape.
    """

    ids: np.ndarray
    mask: np.ndarray


def tokenized(tokenizer: Tokenizer, texts: list[str]) -> Tokenized:
    """The token ids of texts.

    Raises:
        ValueError: If the tokenizer returns something else.
    """
    result = tokenizer(texts)
    names = ("input_ids", "attention_mask")
    if not isinstance(result, Mapping) or any(name not in result for name in names):
        raise ValueError(
            "The tokenizer must map a list of strings to a dict with `input_ids` and "
            f"`attention_mask`; it returned a {type(result).__name__}."
        )
    ids, mask = (np.asarray(result[name]) for name in names)
    if ids.ndim != 2 or len(ids) != len(texts) or mask.shape != ids.shape:
        raise ValueError(
            "The tokenizer must return `input_ids` and `attention_mask` of shape [texts, tokens], "
            f"for {len(texts)} texts; their shapes are {ids.shape} and {mask.shape}. Pad all texts "
            "to one length."
        )
    return Tokenized(ids, mask != 0)


def batches(values: list[T], batch_size: int) -> Iterator[list[T]]:
    """The values in batches; the last of several is filled up, so that they have one size."""
    for at in range(0, len(values), batch_size):
        batch = values[at : at + batch_size]
        missing = batch_size - len(batch) if at else 0
        yield batch + batch[-1:] * missing


def check_encoded(name: str, encoded: Any, ids: np.ndarray) -> Any:
    """What an encoder returned, if it is `[texts, tokens, features]`.

    Raises:
        ValueError: If it is not.
    """
    shape = np.shape(encoded)
    if len(shape) != 3 or shape[:2] != ids.shape:
        raise ValueError(
            f"{name} must return an array [texts, tokens, ...], [{ids.shape[0]}, {ids.shape[1]}, "
            f"...], but returned one of shape {shape}."
        )
    return encoded


@names_arguments
def inverse_document_frequencies(
    texts: Sequence[str], *, tokenizer: Tokenizer, vocabulary_size: int
) -> np.ndarray:
    """How rare each token is in texts, the `idf` of `BERTScore` and `InfoLM`.

    It is `log((n + 1) / (m + 1))` for a token that is in `m` of `n` texts, usually all references.

    Args:
        texts: The texts.
        tokenizer: As in `BERTScore`.
        vocabulary_size: The number of tokens.

    Returns:
        A weight for each token id, `[vocabulary_size]`.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> def tokenizer(texts):
        ...     ids = np.array([[ord(letter) - ord("a") for letter in text] for text in texts])
        ...     return {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        >>> jm.metrics.inverse_document_frequencies(
        ...     ["ab", "ac", "aa"], tokenizer=tokenizer, vocabulary_size=3
        ... ).round(2)
        array([0.  , 0.69, 0.69])
    """
    ids, mask = tokenized(tokenizer, list(texts))
    counts = np.zeros(vocabulary_size)
    for row, token in zip(ids, mask, strict=True):
        counts[np.unique(row[token])] += 1
    return np.log((len(ids) + 1) / (counts + 1))
