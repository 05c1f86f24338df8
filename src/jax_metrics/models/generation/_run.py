"""One call of `generate`: its arguments, checked, for the two programs."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.models._whole_numbers import read_positive
from jax_metrics.models.generation._decoding import Cached, State, advance, start
from jax_metrics.models.generation._prompts import read_prompts
from jax_metrics.models.generation._sampling import read_options
from jax_metrics.module import Module
from jax_metrics.nn import standing_for
from jax_metrics.tree import as_whole


class Run:
    """Checks the arguments of `generate` and calls the programs with them.

    Args:
        model: As in `generate`, as are the others.
        tokens: See `model`.
        max_new_tokens: See `model`.
        stop_tokens: See `model`.
        padding_mask: See `model`.
        pad_token: See `model`.
        pad_to_multiple_of: See `model`.
        max_length: See `model`.
        cache_dtype: See `model`.
        top_k: See `model`.
        sampling: The other options of sampling.

    Raises:
        TypeError: As in `generate`.
        ValueError: As in `generate`.
    """

    def __init__(
        self,
        model: Module,
        tokens: Any,
        max_new_tokens: int,
        *,
        stop_tokens: int | Sequence[int] = (),
        padding_mask: Any = None,
        pad_token: int = 0,
        pad_to_multiple_of: int | None = None,
        max_length: int | None = None,
        cache_dtype: Any = None,
        top_k: int | None = None,
        key: Any = None,
        temperature: float | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
    ):
        new = self.max_new_tokens = read_positive("max_new_tokens", max_new_tokens)
        if pad_to_multiple_of is not None:
            pad_to_multiple_of = read_positive("pad_to_multiple_of", pad_to_multiple_of)
        if max_length is not None:
            max_length = read_positive("max_length", max_length)
        if top_k is not None:
            top_k = read_positive("top_k", top_k)
        if (pad := as_whole(pad_token)) is None:
            raise TypeError(f"`pad_token` needs an integer; got {pad_token!r}.")
        self.key, self.numbers = read_options(
            key=key,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        )
        self.top_k = top_k if self.key is not None else None
        self.tokens, self.padding_mask, self.batched, longest = read_prompts(
            tokens,
            padding_mask,
            multiple=pad_to_multiple_of,
            vocabulary=getattr(standing_for(model), "vocabulary", None),
        )
        if cache_dtype is not None and not jnp.issubdtype(cache_dtype, jnp.floating):
            raise TypeError(
                f"`cache_dtype` needs a floating dtype; got {jnp.dtype(cache_dtype).name}."
            )
        self.stop_tokens = _read_stop_tokens(stop_tokens)
        self.pad_token = jnp.int32(pad)
        batch, length = self.tokens.shape
        needed = length + new - 1  # the last token is not read
        if max_length is not None and needed > max_length:
            raise ValueError(
                f"`max_length={max_length}` is too short for prompts of {length} tokens and {new} "
                f"new ones: the cache needs {needed} positions."
            )
        _check_positions(model, longest, new)
        self.cached = Cached(batch, needed if max_length is None else max_length, cache_dtype)
        self.model = model.eval()

    def start(self) -> State:
        """Reads the prompts."""
        return start(
            self.model, self.tokens, self.padding_mask, self.key, self.numbers, self.stop_tokens,
            top_k=self.top_k, cached=self.cached,
        )  # fmt: skip

    def advance(self, state: State, steps: int) -> tuple[State, jax.Array]:
        """Writes more tokens, `[batch, steps]`.

        Args:
            state: The state, which cannot be used again.
            steps: How many.
        """
        return advance(
            self.model, state, self.key, self.numbers, self.stop_tokens, self.pad_token,
            top_k=self.top_k, cached=self.cached, steps=steps,
        )  # fmt: skip


def _read_stop_tokens(stop_tokens: Any) -> jax.Array:
    found = stop_tokens if isinstance(stop_tokens, jax.Array) else np.asarray(stop_tokens)
    if found.size and not jnp.issubdtype(found.dtype, jnp.integer):
        raise TypeError(f"`stop_tokens` needs integers; got {stop_tokens!r}.")
    return jnp.asarray(found, jnp.int32).reshape(-1)


def _check_positions(model: Any, longest: int, new: int) -> None:
    """Raises if a model has fewer positions than the longest prompt and its new tokens take."""
    model = standing_for(model)
    known, needed = getattr(model, "max_length", None), longest + new - 1
    if isinstance(known, int) and needed > known:
        raise ValueError(
            f"{type(model).__name__} has {known} positions; prompts of {longest} tokens and {new} "
            f"new ones need {needed}. Cut the prompts, or write fewer tokens."
        )
