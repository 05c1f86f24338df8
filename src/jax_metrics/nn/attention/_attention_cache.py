"""The cache of an attention layer: keys and values of earlier positions, or those of a memory.

Heads come before positions, `[batch..., heads, length, head_dim]`, as the products with queries
need them; else each step of decoding would transpose the whole cache.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.module import describe_place, is_initializing, used_before
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn.attention._cache_space import check_cache_space, check_used_once
from jax_metrics.nn.transforms import LoRA, Remat

_RECALLED = object()
Cached = tuple[jax.Array, jax.Array, jax.Array]


def start_cache(layer: Any, batch_size: int | Sequence[int], length: int, dtype: Any) -> None:
    """Gives a layer an empty cache, in place.

    Args:
        layer: A `GroupedQueryAttention`.
        batch_size: The batch axis, or axes.
        length: How many positions it holds.
        dtype: Dtype of the cached keys and values; None: the layer's computation dtype.

    Raises:
        RuntimeError: If the layer was not initialized.
        TypeError: If the dtype is not one of floats.
        ValueError: If the layer is neither causal nor attends over a memory.
    """
    if "key" not in vars(layer):
        raise RuntimeError(
            f"{describe_place(layer)} can have a cache only after it was initialized. Call "
            "`model = model.init(key, inputs)` first."
        )
    if not (layer.causal or layer.cross):
        raise ValueError(
            f"{describe_place(layer)} cannot have a cache: later positions would "
            "change earlier ones. Make it with `causal=True`."
        )
    one = isinstance(batch_size, int | np.integer)
    batch = (int(batch_size),) if one else tuple(batch_size)
    linear = layer.key
    while isinstance(linear, LoRA | Remat):
        linear = vars(linear)["layer"]
    shape = (*batch, layer.num_kv_heads, length, linear.features // layer.num_kv_heads)
    if dtype is None:
        dtype = linear.kernel.dtype if layer.dtype is None else layer.dtype
    elif not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"{describe_place(layer)} caches keys and values as floats; got "
            f"`dtype={jnp.dtype(dtype).name}`. Pass a floating one, such as `jnp.bfloat16`."
        )
    layer.cached_key = jnp.zeros(shape, dtype)
    layer.cached_value = jnp.zeros(shape, dtype)
    layer.cached_mask = jnp.zeros((*batch, length), bool)
    layer.cache_index = jnp.zeros((), jnp.int32)


def has_cache(layer: Any) -> bool:
    """Whether a layer has a cache, and uses it in this call."""
    return layer.cache_index is not None and not is_initializing()


def capacity_of(layer: Any) -> int:
    """How many positions the cache of a layer holds."""
    return layer.cached_mask.shape[-1]


def positions_before(layer: Any) -> Any:
    """How many positions came before those of this call."""
    return layer.cache_index if layer.causal and has_cache(layer) else 0


def append(
    layer: Any, k: jax.Array, v: jax.Array, padding_mask: jax.Array | None, other: bool
) -> Cached:
    """Adds keys and values to the cache of a causal layer, and returns the whole cache.

    Args:
        layer: The layer.
        k: New keys, `[batch..., length, heads, head_dim]`.
        v: New values, likewise.
        padding_mask: True at new keys that are not padding, `[batch..., length]`; None: all.
        other: Whether they are those of another sequence than the queries, which is an error.
    """
    length, capacity = k.shape[-3], capacity_of(layer)
    batch = layer.cached_mask.shape[:-1]
    if other or k.shape[:-3] != batch or length > capacity:
        raise ValueError(
            f"{describe_place(layer)} has a cache for {capacity} positions of batch "
            f"{batch}, and accepts only keys of its own queries; got keys for {length} "
            f"positions of batch {k.shape[:-3]}. Start another with `jm.nn.init_cache(model, "
            "batch_size, max_length)`, or remove it with `jm.nn.remove_cache(model)`."
        )
    index = layer.cache_index
    check_used_once(layer)
    check_cache_space(layer, index, length, capacity)
    new = _swapped(k), _swapped(v), _mask_of(k, padding_mask)
    cache = layer.cached_key, layer.cached_value, layer.cached_mask
    keys, values, mask = run_sharded(_updated, cache, new, index, like=cache)
    layer.cached_key, layer.cached_value, layer.cached_mask = keys, values, mask
    layer.cache_index = index + length
    return _swapped(keys).astype(k.dtype), _swapped(values).astype(v.dtype), mask


def keep_memory(
    layer: Any, given: tuple[Any, ...], k: jax.Array, v: jax.Array, padding_mask: jax.Array | None
) -> Cached:
    """Puts the keys and values of a memory in place of what the cache holds, and returns them.

    Args:
        layer: The layer.
        given: What the keys, values and mask were made from. Others in the same call of the model
            are an error.
        k: The keys, `[batch..., keys, heads, head_dim]`.
        v: The values, likewise.
        padding_mask: True at keys that are not padding, `[batch..., keys]`; None: all.
    """
    if used_before(layer, *given):
        raise RuntimeError(
            f"{describe_place(layer)} has a cache for one memory and is called with two in one "
            "call of the model, so that later steps would attend to the last one only. Make a "
            "layer for each memory, or leave out `memory_length` in `jm.nn.init_cache` and pass "
            "the memories in each step."
        )
    shape = _swapped(layer.cached_key).shape
    if k.shape != shape:
        raise ValueError(
            f"{describe_place(layer)} has a cache for a memory of {shape[-3]} positions of batch "
            f"{shape[:-3]}; got a memory of {k.shape[-3]} positions of batch {k.shape[:-3]}. Start "
            "another with `jm.nn.init_cache(model, batch_size, max_length, memory_length=...)`."
        )
    mask = _mask_of(k, padding_mask)
    layer.cached_key = _swapped(k).astype(layer.cached_key.dtype)
    layer.cached_value = _swapped(v).astype(layer.cached_value.dtype)
    layer.cached_mask = mask
    layer.cache_index = jnp.full_like(layer.cache_index, shape[-3])
    keys, values = _swapped(layer.cached_key), _swapped(layer.cached_value)
    return keys.astype(k.dtype), values.astype(v.dtype), mask


def recall_memory(layer: Any, padding_mask: jax.Array | None) -> Cached:
    """The keys, the values and the mask of the memory of an earlier call; NaN without one.

    Args:
        layer: The layer.
        padding_mask: A mask of this call, which is combined with that of the memory.
    """
    used_before(layer, _RECALLED)  # so that no other memory can follow in this call
    index, mask = layer.cache_index, layer.cached_mask
    if not isinstance(index, Tracer) and int(index) == 0:
        raise ValueError(
            f"{describe_place(layer)} has a cache for a memory, which is still empty. Pass the "
            "memory in the first call; the later ones can do without."
        )
    # Traced, nothing but the output can show that there is no memory.
    keys = jnp.where(index > 0, layer.cached_key, jnp.asarray(jnp.nan, layer.cached_key.dtype))
    if padding_mask is not None:
        mask = mask & jnp.asarray(padding_mask)
    return _swapped(keys), _swapped(layer.cached_value), mask | (index == 0)


def _swapped(x: jax.Array) -> jax.Array:
    """Heads before positions, or after them again. Compiled, the two cancel out."""
    return jnp.swapaxes(x, -3, -2)


def _mask_of(k: jax.Array, padding_mask: jax.Array | None) -> jax.Array:
    """A mask of the keys, `[batch..., keys]`."""
    return jnp.ones(k.shape[:-2], bool) if padding_mask is None else jnp.asarray(padding_mask)


def _updated(cache: tuple[Any, ...], new: tuple[Any, ...], index: Any) -> tuple[Any, ...]:
    """Cached keys, values and mask with new ones from an index on."""
    return tuple(
        jax.lax.dynamic_update_slice_in_dim(old, value.astype(old.dtype), index, axis)
        for old, value, axis in zip(cache, new, (-2, -2, -1), strict=True)
    )
