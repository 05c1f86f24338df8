"""What calls a cache for decoding accepts, and what happens when it is full."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.module import describe_place, used_before


def check_used_once(layer: Any) -> None:
    """Raises if a layer adds to its cache for the second time in one call of the model.

    Args:
        layer: The layer, whose call is running.

    Raises:
        RuntimeError: If it does.
    """
    if used_before(layer):
        raise RuntimeError(
            f"{describe_place(layer)} has a cache and is called twice in one call of the model, so "
            "that it would attend to the keys of both uses together. Make a layer for each use. "
            "Several steps, one after the other, belong in a function, or in a method other than "
            "`__call__`, where each call of the model is a step."
        )


def check_cache_space(layer: Any, index: Any, length: int, capacity: int) -> None:
    """Raises if a cache cannot hold more positions; a traced index passes.

    Args:
        layer: The layer, for the error.
        index: Number of positions in the cache.
        length: Number of positions to add.
        capacity: Number of positions that the cache holds.

    Raises:
        ValueError: If it cannot.
    """
    if not isinstance(index, Tracer) and int(index) + length > capacity:
        raise ValueError(
            f"{describe_place(layer)} has a cache for {capacity} positions, of which {int(index)} "
            f"are taken; got {length} more. Start one for longer sequences."
        )


def nan_beyond_cache(output: jax.Array, index: Any, capacity: int) -> jax.Array:
    """The output, or NaN if the cache overflowed, which nothing else would show under `jit`.

    Args:
        output: The output of the call.
        index: Number of positions after the call.
        capacity: Number of positions that the cache holds.
    """
    return jnp.where(index <= capacity, output, jnp.asarray(jnp.nan, output.dtype))
