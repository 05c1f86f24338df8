"""Marks the initial carry of a scan as device-varying, as `jax.shard_map` requires."""

from typing import Any

import jax
import jax.numpy as jnp


def varying_like(carry: Any, x: jax.Array) -> Any:
    """The carry, marked device-varying like `x` (`jax.shard_map`).

    In `shard_map` the carry of a scan must keep its type. Zeros are replicated, but the carry after
    a step varies like the inputs.

    Args:
        carry: A pytree of arrays.
        x: Any array.
    """
    if not jax.sharding.get_abstract_mesh().manual_axes:
        return carry
    # A select leaves no NaN, as a product with zero would.
    zero = jnp.where(False, x.sum(), 0)
    return jax.tree.map(lambda leaf: leaf + zero.astype(leaf.dtype), carry)
