"""Reading prompts: one or several, of equal or different lengths."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


class Prompts(NamedTuple):
    """Prompts, filled up to one length.

    Attributes:
        tokens: Integers, `[batch, length]`.
        padding_mask: Which of them are not padding; None: all.
        batched: Whether there was a batch of prompts.
        longest: The number of tokens in the longest prompt, as far as that is known: padding takes
            no positions.
    """

    tokens: Any
    padding_mask: Any
    batched: bool
    longest: int


def read_prompts(
    tokens: Any, padding_mask: Any, *, multiple: int | None, vocabulary: int | None
) -> Prompts:
    """The prompts in the form of one array.

    Args:
        tokens: As in `generate`.
        padding_mask: As in `generate`.
        multiple: As `pad_to_multiple_of` in `generate`.
        vocabulary: Number of tokens, if known.

    Raises:
        TypeError: If the tokens are not integers, or the mask is not boolean.
        ValueError: If shapes do not fit, a prompt is empty, or a token is out of range.
    """
    if isinstance(tokens, Sequence) and any(np.ndim(prompt) == 1 for prompt in tokens):
        if padding_mask is not None:
            raise ValueError(
                "A list of prompts is padded by `generate`: pass `padding_mask` with an array only."
            )
        tokens, padding_mask = _filled_up([np.asarray(prompt) for prompt in tokens])
    tokens = tokens if isinstance(tokens, jax.Array) else np.asarray(tokens)
    batched = tokens.ndim == 2
    if tokens.ndim not in (1, 2) or not tokens.size:
        raise ValueError(
            "`tokens` needs the shape [length] or [batch, length], with at least one token, or a "
            f"list of such prompts; got shape {tokens.shape}."
        )
    if not jnp.issubdtype(tokens.dtype, jnp.integer):
        raise TypeError(f"`tokens` needs integers; got {tokens.dtype}.")
    if padding_mask is not None:
        padding_mask = _checked_mask(padding_mask, tokens)
    if not batched:
        tokens = tokens[None]
        padding_mask = None if padding_mask is None else padding_mask[None]
    if vocabulary is not None and not isinstance(tokens, Tracer):
        tokens = _checked_tokens(tokens, padding_mask, vocabulary)
    longest = tokens.shape[1]
    if padding_mask is not None and not isinstance(padding_mask, Tracer):
        longest = int(np.asarray(padding_mask).sum(axis=1).max())
    if multiple is not None:
        missing = -tokens.shape[1] % multiple
        if padding_mask is None:
            padding_mask = np.ones(tokens.shape, bool)
        numpy = jnp if isinstance(tokens, jax.Array) else np
        tokens = numpy.pad(tokens, [(0, 0), (0, missing)])
        padding_mask = numpy.pad(padding_mask, [(0, 0), (0, missing)])
    return Prompts(tokens.astype(np.int32), padding_mask, batched, longest)


def _filled_up(prompts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    lengths = np.array([prompt.size for prompt in prompts])
    dtypes = {prompt.dtype for prompt in prompts if prompt.size}
    if not all(lengths):
        raise ValueError(f"Prompt {int(lengths.argmin())} has no tokens; each needs at least one.")
    length = int(lengths.max())
    filled = np.zeros((len(prompts), length), np.result_type(*dtypes))
    for row, prompt in zip(filled, prompts, strict=True):
        row[: prompt.size] = prompt
    if (lengths == length).all():
        return filled, None
    return filled, np.arange(length) < lengths[:, None]


def _checked_mask(mask: Any, tokens: Any) -> Any:
    mask = mask if isinstance(mask, jax.Array) else np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"`padding_mask` needs booleans, True at tokens; got {mask.dtype}.")
    if mask.shape != tokens.shape:
        raise ValueError(
            f"`padding_mask` needs the shape of `tokens`, {tokens.shape}; got {mask.shape}."
        )
    if not isinstance(mask, Tracer) and not np.asarray(mask).any(-1).all():
        row = int(np.atleast_1d(np.asarray(mask).any(-1)).argmin())
        raise ValueError(f"Prompt {row} is all padding; each needs at least one token.")
    return mask


def _checked_tokens(tokens: Any, mask: Any, vocabulary: int) -> Any:
    """The tokens, with 0 in padding if that has numbers that are none."""
    array = np.asarray(tokens)
    keep = None if mask is None or isinstance(mask, Tracer) else np.asarray(mask)
    own = array if keep is None else array[keep]
    low, high = int(own.min()), int(own.max())
    if low < 0 or high >= vocabulary:
        raise ValueError(
            f"`tokens` has integers from {low} to {high}; the model knows those from 0 to "
            f"{vocabulary - 1}."
        )
    if keep is not None and (int(array.min()) < 0 or int(array.max()) >= vocabulary):
        return np.where(keep, array, 0)
    return tokens
