"""The two programs of decoding: one for the prompt, one for the steps after it."""

import functools
import inspect
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.models.generation._sampling import Numbers, choose
from jax_metrics.module import Module
from jax_metrics.nn import init_cache, standing_for


class State(NamedTuple):
    """What changes from step to step. The programs of the steps reuse its memory."""

    caches: list[jax.Array]  # in the order of the leaves of the model's caches
    token: jax.Array  # the last one of each sequence, [batch]
    position: jax.Array  # its position, [batch]
    finished: jax.Array  # [batch]
    seen: jax.Array | None  # [batch, vocabulary]
    length: jax.Array  # how many tokens of each were written, [batch]
    number: jax.Array  # how many steps there were


class Cached(NamedTuple):
    """How to make the model with its cache again: its sizes, which are static."""

    batch_size: int
    max_length: int
    dtype: Any

    def model(self, model: Module, caches: list[jax.Array] | None = None) -> Module:
        """The model with an empty cache, or with these arrays in it."""
        decoding = init_cache(model, self.batch_size, self.max_length, dtype=self.dtype)
        if caches is None:
            return decoding
        structure = jax.tree.structure(decoding.caches())
        return decoding.merge(jax.tree.unflatten(structure, caches))

    @staticmethod
    def arrays(decoding: Module) -> list[jax.Array]:
        """The arrays of a cache, from the model that was called."""
        # A copy of all fields, so that no value of a Stack counts as lost.
        return jax.tree.leaves(jax.tree.map(lambda x: x, decoding).caches())


@functools.partial(jax.jit, static_argnames=("top_k", "cached"))
def start(
    model: Any,
    tokens: jax.Array,
    padding_mask: jax.Array | None,
    key: jax.Array | None,
    numbers: Numbers,
    stop_tokens: jax.Array,
    *,
    top_k: int | None,
    cached: Cached,
) -> State:
    """Reads the prompts, `[batch, length]`, and chooses the first token.

    Args:
        model: The model.
        tokens: The prompts.
        padding_mask: True at tokens, likewise; None: no padding.
        key: As in `choose`, as are `numbers` and `top_k`.
        numbers: See `key`.
        stop_tokens: Shape `[n]`.
        top_k: See `key`.
        cached: The sizes of the cache.
    """
    decoding = cached.model(model)
    batch, length = tokens.shape
    if padding_mask is None:
        positions = jnp.broadcast_to(jnp.arange(length), tokens.shape)
        last = jnp.full((batch,), length - 1)
    else:
        positions = jnp.maximum(jnp.cumsum(padding_mask, axis=1) - 1, 0)
        last = length - 1 - jnp.argmax(padding_mask[:, ::-1], axis=1)
    options = {"positions": positions, "padding_mask": padding_mask}
    if "logits_at" in inspect.signature(type(standing_for(decoding)).__call__).parameters:
        logits = decoding(tokens, logits_at=last[:, None], **options)[:, 0]
    else:
        logits = jnp.take_along_axis(decoding(tokens, **options), last[:, None, None], axis=1)[:, 0]
    seen = None
    if numbers["repetition_penalty"] is not None:
        keep = jnp.ones_like(tokens, bool) if padding_mask is None else padding_mask
        rows = jnp.arange(batch)[:, None]
        seen = jnp.zeros(logits.shape, bool).at[rows, tokens].max(keep)
    state = State(
        caches=cached.arrays(decoding),
        token=jnp.zeros((batch,), jnp.int32),
        position=jnp.take_along_axis(positions, last[:, None], axis=1)[:, 0].astype(jnp.int32),
        finished=jnp.zeros((batch,), bool),
        seen=seen,
        length=jnp.zeros((batch,), jnp.int32),
        number=jnp.int32(0),
    )
    return _with_next(state, logits, key, numbers, stop_tokens, jnp.int32(0), top_k)


@functools.partial(
    jax.jit, static_argnames=("top_k", "cached", "steps"), donate_argnames=("state",)
)
def advance(
    model: Any,
    state: State,
    key: jax.Array | None,
    numbers: Numbers,
    stop_tokens: jax.Array,
    pad_token: jax.Array,
    *,
    top_k: int | None,
    cached: Cached,
    steps: int,
) -> tuple[State, jax.Array]:
    """Writes up to `steps` tokens, fewer if all sequences end; the others are `pad_token`.

    Args:
        model: As in `start`, as are all others but these.
        state: The state, whose memory is reused.
        key: See `model`.
        numbers: See `model`.
        stop_tokens: See `model`.
        pad_token: What follows the end of a sequence.
        top_k: See `model`.
        cached: See `model`.
        steps: How many.

    Returns:
        The new state, and the tokens, `[batch, steps]`.
    """

    def unfinished(carry: tuple[jax.Array, State, jax.Array]) -> jax.Array:
        step, state, _ = carry
        return (step < steps) & ~state.finished.all()

    def write(carry: tuple[jax.Array, State, jax.Array]) -> tuple[jax.Array, State, jax.Array]:
        step, state, written = carry
        decoding = cached.model(model, state.caches)
        positions = state.position[:, None]
        logits = decoding(state.token[:, None], positions=positions)[:, -1]
        state = state._replace(caches=cached.arrays(decoding))
        state = _with_next(state, logits, key, numbers, stop_tokens, pad_token, top_k)
        return step + 1, state, written.at[:, step].set(state.token)

    written = jnp.full((state.token.shape[0], steps), pad_token, jnp.int32)
    _, state, written = jax.lax.while_loop(unfinished, write, (jnp.int32(0), state, written))
    return state, written


def _with_next(
    state: State,
    logits: jax.Array,
    key: jax.Array | None,
    numbers: Numbers,
    stop_tokens: jax.Array,
    pad_token: jax.Array,
    top_k: int | None,
) -> State:
    """The state after the next token was chosen."""
    if key is not None:
        key = jax.random.fold_in(key, state.number)
    token = choose(logits, state.seen, key, numbers, top_k)
    seen = state.seen
    if seen is not None:
        seen = seen.at[jnp.arange(token.shape[0]), token].set(True)
    return state._replace(
        token=jnp.where(state.finished, pad_token, token),
        position=state.position + 1,
        finished=state.finished | jnp.isin(token, stop_tokens),
        seen=seen,
        length=state.length + ~state.finished,
        number=state.number + 1,
    )
