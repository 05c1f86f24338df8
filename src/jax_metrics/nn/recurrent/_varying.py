"""Makes the first carry of a scan vary over devices as `jax.shard_map` asks of it."""

from typing import Any

import jax
import jax.numpy as jnp


def varying_like(carry: Any, x: jax.Array) -> Any:
    """The carry, with a type that tells that it may differ wherever `x` does.

    In `shard_map` the carry of a scan keeps its type from step to step. Zeros are the same on all
    devices, and what a step makes of them and its inputs is not.

    Args:
        carry: A pytree of arrays.
        x: Any array.
    """
    if not jax.sharding.get_abstract_mesh().manual_axes:
        return carry
    # A select leaves no NaN, as a product with zero would.
    nothing = jnp.where(False, x.sum(), 0)
    return jax.tree.map(lambda leaf: leaf + nothing.astype(leaf.dtype), carry)
