"""Random keys: making them, and handing them out while a block runs."""

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.tree import LeakedStateError, remember_program


def Key(seed: Any) -> jax.Array:  # noqa: N802 - reads like a constructor
    """Makes a random key from a seed; a key is returned unchanged.

    Args:
        seed: An integer, a key (`jax.random.key`) or a legacy one (`uint32[2]`).

    Raises:
        TypeError: If it is none of these.

    Example:
        >>> import jax_metrics as jm
        >>> jm.Key(42).dtype
        key<fry>
    """
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        return jax.random.key(seed)
    if isinstance(seed, jax.Array | np.ndarray):
        if jnp.issubdtype(seed.dtype, jax.dtypes.prng_key):
            return seed  # type: ignore[return-value]
        if seed.dtype == np.uint32 and seed.shape[-1:] in [(2,), (4,)]:
            return seed  # type: ignore[return-value]
        if seed.shape == () and np.issubdtype(seed.dtype, np.integer):
            return jax.random.key(seed)
        what = f"an array of {seed.dtype}{list(seed.shape)}"
    else:
        what = f"a {type(seed).__name__}"
    raise TypeError(f"Expected a random key or an integer seed, as in `init(42, ...)`; got {what}.")


def iter_split(key: jax.Array, num: int = 2) -> tuple[jax.Array, ...]:
    """Splits a key into a tuple of keys.

    Example:
        >>> import jax_metrics as jm
        >>> first, second = jm.iter_split(jm.Key(0))
    """
    return _split(key, num)


@functools.partial(jax.jit, static_argnums=1)  # one program where there would be `num + 1`
def _split(key: jax.Array, num: int) -> tuple[jax.Array, ...]:
    keys = jax.random.split(key, num)
    return tuple(keys[i] for i in range(num))


@dataclasses.dataclass(frozen=True, slots=True)
class _Stream:
    """A key, and how many keys were drawn from it."""

    key: jax.Array
    drawn: int
    in_same_program: Callable[[], bool]  # whether the running code and the block are


_stream: contextvars.ContextVar[_Stream | None] = contextvars.ContextVar("keys", default=None)


@contextlib.contextmanager
def rng_key(key: Any) -> Iterator[None]:
    """Lets `next_key` hand out keys made from this one while the block runs.

    Args:
        key: A key or an integer seed.

    Example:
        >>> import jax_metrics as jm
        >>> with jm.rng_key(42):
        ...     first, second = jm.next_key(), jm.next_key()
        >>> bool((first == second).all())
        False
    """
    token = _stream.set(_Stream(Key(key), 0, remember_program()))
    try:
        yield
    finally:
        _stream.reset(token)


@contextlib.contextmanager
def keys_inside() -> Iterator[None]:
    """Lets `next_key` go on inside of a function that JAX traces again for every call."""
    stream = _stream.get()
    if stream is None:
        yield
        return
    _stream.set(dataclasses.replace(stream, in_same_program=remember_program()))
    try:
        yield
    finally:
        if (inside := _stream.get()) is not None:
            _stream.set(dataclasses.replace(stream, drawn=inside.drawn))


def next_key(*, axis_name: Hashable | None = None) -> jax.Array:
    """The next key of the running `init` or `rng_key` block.

    The first one is the key passed to the block, so that a single layer starts from the same
    key as its Flax counterpart.

    Args:
        axis_name: Make the key differ along this mapped axis, of `vmap` or `shard_map`.

    Raises:
        RuntimeError: Outside of such a block.
        LeakedStateError: Inside of a compiled function, if the block is outside of it.
    """
    stream = _stream.get()
    if stream is None:
        raise RuntimeError(
            "`next_key` was called where no key is known. Call it during `init(key, inputs)`, or "
            "inside of `with jm.rng_key(key):`."
        )
    if not stream.in_same_program():
        raise LeakedStateError(
            "`next_key` was called inside of a function that JAX compiles, such as under `jit`, "
            "`scan` or `checkpoint`, but its key comes from an `init` or `jm.rng_key` outside of "
            "it. The compiled function would use the same key forever. Draw the key outside and "
            "pass it as an argument, or open `with jm.rng_key(key):` inside of the function."
        )
    _stream.set(dataclasses.replace(stream, drawn=stream.drawn + 1))
    key = jax.random.fold_in(stream.key, stream.drawn) if stream.drawn else stream.key
    if axis_name is not None:
        key = jax.random.fold_in(key, jax.lax.axis_index(axis_name))
    return key


def has_key() -> bool:
    """Whether `next_key` can be called."""
    return _stream.get() is not None
