"""Attention in which several query heads share one head of keys and values."""

import math

import jax
import jax.numpy as jnp


def _flat(x: jax.Array, axes: int) -> jax.Array:
    """Joins the batch axes, all but this many at the end, to one."""
    first = x.ndim - axes
    return x.reshape(math.prod(x.shape[:first]), *x.shape[first:])  # -1 fails on no examples


def attend(q: jax.Array, k: jax.Array, v: jax.Array, keep: jax.Array | None) -> jax.Array:
    """Attention through JAX's own function, which may choose a fused kernel.

    On CPUs it divides by the sum of the weights after the product with the values, which has fewer
    numbers than the weights, and transposes none of them: this takes 0.4 to 1.0 of the time, and
    0.4 of it with gradients of long sequences.
    """
    q, k, v = _one_dtype(q, k, v)
    if keep is not None:
        batch = q.shape[:-3]
        keep = _flat(jnp.broadcast_to(keep, (*batch, *keep.shape[-3:])), 3)
    flat = _flat(q, 3), _flat(k, 3), _flat(v, 3), keep
    if q.dtype == jnp.float32 and 0 not in k.shape:
        result = jax.lax.platform_dependent(*flat, cpu=_divided_late, default=_by_jax)
    else:
        result = _by_jax(*flat)
    return result.reshape(q.shape[:-1] + v.shape[-1:])


def _by_jax(q: jax.Array, k: jax.Array, v: jax.Array, keep: jax.Array | None) -> jax.Array:
    return jax.nn.dot_product_attention(q, k, v, mask=keep)


def _divided_late(q: jax.Array, k: jax.Array, v: jax.Array, keep: jax.Array | None) -> jax.Array:
    """The same of `[batch, length, heads, features]`, with another order of operations.

    The queries of a group are rows of one matrix, `[batch, kv_heads, group * length, features]`, so
    that both products read and write their arrays in order; `einsum` transposes all weights.
    """
    batch, length, heads, size = q.shape
    kv_heads, keys = k.shape[2], k.shape[1]
    group = heads // kv_heads
    rows = jnp.moveaxis(q.reshape(batch, length, kv_heads, group, size), 1, 3)
    rows = rows.reshape(batch, kv_heads, group * length, size) * size**-0.5
    logits = rows @ k.transpose(0, 2, 3, 1)
    if keep is not None:
        grouped = (kv_heads, group) if keep.shape[1] == heads else (1, 1)
        keep = keep.reshape(keep.shape[0], *grouped, *keep.shape[2:])
        logits = logits.reshape(batch, kv_heads, group, length, keys)
        logits = jnp.where(keep, logits, 0.7 * jnp.finfo(logits.dtype).min)
        logits = logits.reshape(batch, kv_heads, group * length, keys)
    largest = jax.lax.stop_gradient(logits.max(-1, keepdims=True))
    weights = jnp.exp(logits - largest)
    output = weights @ v.transpose(0, 2, 1, 3) / weights.sum(-1, keepdims=True)
    output = output.reshape(batch, kv_heads, group, length, v.shape[-1])
    return jnp.moveaxis(output, 3, 1).reshape(*q.shape[:3], v.shape[-1])


def attend_and_drop(
    q: jax.Array,
    k: jax.Array,
    v: jax.Array,
    keep: jax.Array | None,
    key: jax.Array | None,
    rate: float,
) -> tuple[jax.Array, jax.Array]:
    """The same step by step, with dropout of the weights, which it returns too."""
    q, k, v = _one_dtype(q, k, v)
    *batch, length, heads, size = q.shape
    kv_heads = k.shape[-2]
    wide = jnp.promote_types(q.dtype, jnp.float32)
    groups = q.reshape(*batch, length, kv_heads, heads // kv_heads, size)
    logits = jnp.einsum("...qhgd,...khd->...hgqk", groups, k, preferred_element_type=wide)
    logits = logits.reshape(*batch, heads, length, k.shape[-3]) / size**0.5
    if keep is not None:
        logits = jnp.where(keep, logits, 0.7 * jnp.finfo(wide).min)
    weights = jax.nn.softmax(logits, axis=-1).astype(q.dtype)
    if key is not None:
        dropped = jnp.zeros_like(weights)
        if rate < 1:
            keep_mask = jax.random.bernoulli(key, 1 - rate, weights.shape)
            weights = jnp.where(keep_mask, weights / jnp.asarray(1 - rate, weights.dtype), dropped)
        else:
            weights = dropped
    grouped = weights.reshape(*batch, kv_heads, heads // kv_heads, length, k.shape[-3])
    output = jnp.einsum("...hgqk,...khd->...qhgd", grouped, v)
    return output.reshape(*batch, length, heads, v.shape[-1]), weights


def _one_dtype(*arrays: jax.Array) -> list[jax.Array]:
    dtype = jnp.result_type(*arrays)
    return [array.astype(dtype) for array in arrays]
