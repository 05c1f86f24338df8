"""`generate` and `stream`: text generation from prompts."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import names_arguments, refuse_unknown
from jax_metrics.models._whole_numbers import read_positive
from jax_metrics.models.generation._run import Run
from jax_metrics.module import Module
from jax_metrics.tree import signature_of


class Generated(NamedTuple):
    """The tokens that a model generated, without the prompts.

    Attributes:
        tokens: Integers, `[batch, max_new_tokens]`, including the token that ended a sequence, and
            the pad token after that; without `batch` if the prompt had none.
        lengths: The number of tokens generated for each sequence, `[batch]`.
    """

    tokens: jax.Array
    lengths: jax.Array

    def to_lists(self) -> Any:
        """The tokens as Python integers, without padding: a list, or a list for each sequence.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> jm.models.Generated(jnp.array([[5, 7, 0], [5, 6, 7]]), jnp.array([2, 3])).to_lists()
            [[5, 7], [5, 6, 7]]
        """
        tokens, lengths = np.asarray(self.tokens), np.asarray(self.lengths)
        if tokens.ndim == 1:
            return tokens[:lengths].tolist()
        return [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]


@names_arguments
def generate(
    model: Module,
    tokens: Any,
    max_new_tokens: int,
    *,
    key: Any = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    repetition_penalty: float | None = None,
    stop_tokens: int | Sequence[int] = (),
    padding_mask: Any = None,
    pad_token: int = 0,
    pad_to_multiple_of: int | None = None,
    max_length: int | None = None,
    cache_dtype: Any = None,
) -> Generated:
    """Continues prompts, in evaluation mode, with a cache of keys and values.

    One compiled program reads the prompts and another generates all tokens. Neither compiles again
    for prompts of the same shape, for any key and any numeric options except `top_k`. The filters
    are applied in this order: repetition penalty, temperature, top-k, top-p, min-p.

    Args:
        model: An initialized model whose causal layers are `jm.nn.GroupedQueryAttention`. It is
            called as `model(tokens, positions=..., padding_mask=...)` with integers `[batch,
            length]` and returns logits, `[batch, length, vocabulary]`. If its `__call__` takes
            `logits_at`, as `LanguageModel` does, only the required logits are computed.
        tokens: A prompt, integers `[length]`; or several, `[batch, length]`; or a list of prompts
            of different lengths.
        max_new_tokens: The number of tokens to generate.
        key: A random key, or a seed, for sampling; None: the most probable token is taken.
        temperature: The logits are divided by it. With 0, and below the least normal float32,
            the most probable token is taken.
        top_k: As in `keep_top_k`; None: all tokens are kept.
        top_p: As in `keep_top_p`; None: all tokens are kept.
        min_p: As in `keep_min_p`; None: all tokens are kept.
        repetition_penalty: As in `penalize_repetition`, for tokens of the prompt and generated
            tokens.
        stop_tokens: Tokens that end a sequence.
        padding_mask: True at tokens, False at padding, in the shape of `tokens`. The padding may be
            on the left or on the right.
        pad_token: What follows the end of a sequence.
        pad_to_multiple_of: Pad the prompts to a multiple of this length, so that prompts of
            similar lengths share their programs. Padding takes room in the cache, but no positions
            of the model.
        max_length: The number of positions in the cache; None: as many as are needed.
        cache_dtype: Dtype of the cache; None: the computation dtype.

    Raises:
        TypeError: If tokens, also those to stop at or to pad with, are not integers, a mask is
            not boolean, the dtype of the cache is not one of floats, or there is no such argument.
        ValueError: If a number is out of range, a prompt is empty, the model or the cache is too
            short for all tokens, options of sampling are given without a key, or the model has no
            layer with a cache.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.Llama(vocabulary=10, width=8, num_layers=1, num_heads=2)
        >>> model = model.init(0, model.example_inputs())
        >>> written = jm.models.generate(model, [[3, 1, 4], [1, 5]], 6)
        >>> written.tokens.shape, written.lengths.tolist()
        ((2, 6), [6, 6])
        >>> drawn = jm.models.generate(model, [[3, 1, 4], [1, 5]], 6, key=jax.random.key(0))
        >>> drawn.tokens.shape
        (2, 6)
    """
    run = Run(
        model, tokens, max_new_tokens, key=key, temperature=temperature, top_k=top_k, top_p=top_p,
        min_p=min_p, repetition_penalty=repetition_penalty, stop_tokens=stop_tokens,
        padding_mask=padding_mask, pad_token=pad_token, pad_to_multiple_of=pad_to_multiple_of,
        max_length=max_length, cache_dtype=cache_dtype,
    )  # fmt: skip
    state = run.start()
    first = state.token[:, None]  # before its memory is reused
    written = first
    if run.max_new_tokens > 1:
        state, rest = run.advance(state, run.max_new_tokens - 1)
        written = jnp.concatenate([first, rest], axis=1)
    if run.batched:
        return Generated(written, state.length)
    return Generated(written[0], state.length[0])


@names_arguments
def stream(
    model: Module,
    tokens: Any,
    max_new_tokens: int,
    *,
    tokens_at_once: int = 1,
    **options: Any,
) -> Iterator[Any]:
    """Yields the tokens of `generate` as they are generated.

    Args:
        model: As in `generate`.
        tokens: As in `generate`.
        max_new_tokens: As in `generate`.
        tokens_at_once: How many tokens one run of the program generates; they are then yielded one
            by one. More than one takes less time in total if a single step is short.
        **options: As in `generate`.

    Yields:
        An integer; or for a batch of prompts, a NumPy array of integers `[batch]`, with the pad
        token for sequences that have ended. It stops when all sequences have ended.

    Raises:
        TypeError: As in `generate`.
        ValueError: As in `generate`.

    Example:
        >>> import jax_metrics as jm
        >>> model = jm.models.Llama(vocabulary=10, width=8, num_layers=1, num_heads=2)
        >>> model = model.init(0, model.example_inputs())
        >>> tokens = list(jm.models.stream(model, [3, 1, 4], 6))
        >>> tokens == jm.models.generate(model, [3, 1, 4], 6).to_lists()
        True
    """
    known = [name for name in signature_of(generate).parameters if name != "model"]
    refuse_unknown("stream", options.keys() - known, known)
    tokens_at_once = read_positive("tokens_at_once", tokens_at_once)
    return _yielded(Run(model, tokens, max_new_tokens, **options), tokens_at_once)


def _yielded(run: Run, tokens_at_once: int) -> Iterator[Any]:
    left, length = run.max_new_tokens, 0
    state = run.start()
    # Copies, because the next run reuses the memory of the state.
    columns, lengths, finished = _copies(state.token[:, None], state.length, state.finished)
    while True:
        left -= columns.shape[1]
        following = None
        if left > 0:  # the next tokens are under way while the caller works with these
            state, written = run.advance(state, tokens_at_once)
            following = _copies(written, state.length, state.finished)
        new = int(np.asarray(lengths).max()) - length
        for column in np.asarray(columns).T[: min(new, left + columns.shape[1])]:
            yield column if run.batched else int(column[0])
        if following is None or bool(np.asarray(finished).all()):
            return
        length += new
        columns, lengths, finished = following


@jax.jit
def _copies(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    return tuple(jnp.copy(array) for array in arrays)
