"""One call of `generate`: its arguments, checked, for the two programs."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models.generation._decoding import Cached, State, advance, start
from jax_metrics.models.generation._prompts import read_prompts
from jax_metrics.models.generation._sampling import read_options
from jax_metrics.module import Module


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
        _check_number("max_new_tokens", max_new_tokens)
        _check_number("pad_to_multiple_of", pad_to_multiple_of)
        _check_number("max_length", max_length)
        self.max_new_tokens = max_new_tokens
        self.key, self.numbers = read_options(
            key=key,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        )
        self.top_k = top_k if self.key is not None else None
        self.tokens, self.padding_mask, self.batched = read_prompts(
            tokens,
            padding_mask,
            pad_token=pad_token,
            multiple=pad_to_multiple_of,
            vocabulary=getattr(model, "vocabulary", None),
        )
        self.stop_tokens = jnp.asarray(stop_tokens, jnp.int32).reshape(-1)
        self.pad_token = jnp.int32(pad_token)
        batch, length = self.tokens.shape
        needed = length + max_new_tokens - 1  # the last token is not read
        _check_length(model, length, max_new_tokens, max_length)
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


def _check_number(name: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"`{name}` needs a positive integer; got {value!r}.")


def _check_length(model: Any, length: int, new: int, capacity: int | None) -> None:
    needed = length + new - 1
    if capacity is not None and needed > capacity:
        raise ValueError(
            f"`max_length={capacity}` is too short for prompts of {length} tokens and {new} new "
            f"ones: the cache needs {needed} positions."
        )
    known = getattr(model, "max_length", None)
    if isinstance(known, int) and needed > known:
        raise ValueError(
            f"{type(model).__name__} has {known} positions; prompts of {length} tokens and {new} "
            f"new ones need {needed}. Cut the prompts, or write fewer tokens."
        )
