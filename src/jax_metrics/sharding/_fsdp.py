"""`fsdp`: every large parameter split over the same devices as the batch."""

import dataclasses
from typing import Any

from jax.sharding import Mesh

from jax_metrics.arguments import names_arguments
from jax_metrics.sharding._arguments import check_mesh
from jax_metrics.sharding._errors import ShardingError, described
from jax_metrics.sharding._rules import Rules, Spread, as_rules


@names_arguments
def fsdp(mesh: Mesh, axis: str = "data", rules: Any = None, *, min_size: int = 2**12) -> Rules:
    """Rules that split each large parameter along its largest axis that divides.

    With a batch that is split over the same axis of the mesh, each device gathers the parameters of
    a layer when it needs them, and keeps only its part of them, of the gradients and of the
    optimizer's state ("fully sharded data parallel", ZeRO stage 3).

    Args:
        mesh: The mesh.
        axis: The axis of the mesh that splits the batch too.
        rules: Rules that come first, such as those of `tensor_parallel`. Arrays that they split are
            split along another axis as well; arrays to which they give None stay whole.
        min_size: Parameters with fewer elements stay whole: gathering them costs more than the
            memory saved.

    Raises:
        TypeError: If `mesh` is not a mesh.
        ShardingError: If the mesh has no such axis; when applied, if no axis of a parameter of
            `min_size` elements divides.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> rules = jm.sharding.fsdp(mesh)
        >>> model = jm.sharding.init(jm.Linear(512), 0, jnp.ones((1, 64)), mesh, rules)
        >>> tuple(model.kernel.sharding.spec), tuple(model.bias.sharding.spec)
        ((None, 'data'), (None,))
    """
    check_mesh(mesh)
    if axis not in mesh.shape:
        raise ShardingError(
            f"`fsdp` splits over the mesh axis {axis!r}, which is not in the mesh "
            f"({described(mesh)}). Name another one: `fsdp(mesh, {next(iter(mesh.shape))!r})`."
        )
    first = as_rules({} if rules is None else rules)
    return dataclasses.replace(first, spread=Spread(axis, min_size))
