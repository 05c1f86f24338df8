"""Gives the initial carry of a scan the type that it has after a step."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import AxisType, NamedSharding, PartitionSpec


def varying_like(carry: Any, x: jax.Array, time_axis: int) -> Any:
    """The carry, device-varying (`jax.shard_map`) and sharded (Explicit mesh axes) like `x`.

    The carry of a scan must keep its type. Zeros are replicated, but the carry after a step varies
    and is sharded like the inputs.

    Args:
        carry: A pytree of arrays `[batch..., *features]`.
        x: The inputs of all steps.
        time_axis: Their time axis; the others are those of one step.
    """
    if jax.sharding.get_abstract_mesh().manual_axes:
        # A select leaves no NaN, as a product with zero would.
        zero = jnp.where(False, x.sum(), 0)
        return jax.tree.map(lambda leaf: leaf + zero.astype(leaf.dtype), carry)
    sharding = jax.typeof(x).sharding
    if AxisType.Explicit not in sharding.mesh.axis_types:
        return carry
    axes = [name for i, name in enumerate(sharding.spec) if i != time_axis][:-1]

    def shard(leaf: jax.Array) -> jax.Array:
        spec = PartitionSpec(*axes[: leaf.ndim - 1])
        if isinstance(leaf, Tracer) or isinstance(x, Tracer):
            return jax.sharding.reshard(leaf, NamedSharding(sharding.mesh, spec))
        placed: Any = x.sharding
        return jax.device_put(leaf, NamedSharding(placed.mesh, spec))

    return jax.tree.map(shard, carry)
