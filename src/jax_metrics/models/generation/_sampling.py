"""How the next token is chosen."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.models.generation._filters import (
    keep_min_p,
    keep_top_k,
    keep_top_p,
    penalize_repetition,
)
from jax_metrics.tree import as_whole

_LEAST = float(jnp.finfo(jnp.float32).tiny)  # lower temperatures count as 0
Numbers = Mapping[str, Any]  # options that may change without another compilation


def read_options(
    *,
    key: Any,
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    repetition_penalty: float | None,
) -> tuple[jax.Array | None, Numbers]:
    """Checks the options of sampling, and returns the key, None for no sampling, and the numbers.

    Args:
        key: As in `generate`, as are the others.
        temperature: See `key`.
        top_k: See `key`.
        top_p: See `key`.
        min_p: See `key`.
        repetition_penalty: See `key`.

    Raises:
        TypeError: If the key is neither a key nor a seed, or an option is not a number.
        ValueError: If a number is out of range, or an option needs a key and there is none.
    """
    given = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    sampling = {name: value for name, value in given.items() if value is not None}
    for name, value in {**given, "repetition_penalty": repetition_penalty}.items():
        _check_number(name, value)
    if key is None and sampling and (temperature is None or temperature != 0):
        raise ValueError(
            f"{', '.join(f'`{name}`' for name in sampling)} need a random key, and without one the "
            "most probable token is taken. Pass `key=jax.random.key(0)`."
        )
    _check_range("temperature", temperature, 0, None)
    _check_range("top_p", top_p, 0, 1)
    _check_range("min_p", min_p, 0, 1)
    if repetition_penalty is not None and not repetition_penalty > 0:
        raise ValueError(f"`repetition_penalty` needs a positive number; got {repetition_penalty}.")
    numbers = {"repetition_penalty": repetition_penalty}
    if key is None or (temperature is not None and temperature < _LEAST):
        key = None
    else:
        key = _read_key(key)
        numbers |= {"temperature": temperature, "top_p": top_p, "min_p": min_p}
    return key, {
        name: None if value is None else jnp.float32(value) for name, value in numbers.items()
    }


def _check_number(name: str, value: Any) -> None:
    if value is None:
        return
    if np.ndim(value) or not jnp.issubdtype(np.asarray(value).dtype, jnp.number):
        raise TypeError(f"`{name}` needs a number; got {value!r}.")


def _check_range(name: str, value: Any, low: float, high: float | None) -> None:
    if value is not None and not (value >= low and (high is None or value <= high)):
        between = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"`{name}` needs a number {between}; got {value!r}.")


def _read_key(key: Any) -> jax.Array:
    if (seed := as_whole(key)) is not None:
        return jax.random.key(seed)
    if isinstance(key, jax.Array):
        if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.ndim == 0:
            return key
        if key.dtype == jnp.uint32 and key.ndim == 1:
            return jax.random.wrap_key_data(key)  # of the older kind
        key = f"an array of shape {key.shape} and dtype {key.dtype}"
    raise TypeError(f"`key` needs one key, as `jax.random.key(0)`, or a seed; got {key!r}.")


def choose(
    logits: jax.Array,
    seen: jax.Array | None,
    key: jax.Array | None,
    numbers: Numbers,
    top_k: int | None,
) -> jax.Array:
    """The next token of each sequence, `[batch]`.

    Args:
        logits: Shape `[batch, vocabulary]`.
        seen: Which tokens occurred in each sequence, booleans of the same shape; None without a
            penalty for them.
        key: The key to draw with; None: the most probable token.
        numbers: The result of `read_options`.
        top_k: As in `generate`.
    """
    logits = logits.astype(jnp.float32)
    if seen is not None:
        logits = penalize_repetition(logits, seen, numbers["repetition_penalty"])
    if key is None:
        return logits.argmax(-1).astype(jnp.int32)
    if numbers["temperature"] is not None:
        # Relative to the highest, they stay finite where it matters at any temperature.
        logits = (logits - logits.max(-1, keepdims=True)) / numbers["temperature"]
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if numbers["top_p"] is not None:
        logits = keep_top_p(logits, numbers["top_p"])
    if numbers["min_p"] is not None:
        logits = keep_min_p(logits, numbers["min_p"])
    return jax.random.categorical(key, logits).astype(jnp.int32)
