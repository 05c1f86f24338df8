"""`global_batch`: the batches of all processes as one global batch."""

from typing import Any, TypeVar

import jax
import numpy as np

from jax_metrics.arguments import (
    names_arguments,
    refuse_dtype,
    refuse_masked,
    refuse_overflow,
    refuse_truncation,
)
from jax_metrics.sharding._arguments import check_sharding

A = TypeVar("A")


@names_arguments
def global_batch(local: A, sharding: jax.sharding.Sharding) -> A:
    """Joins the batches of all processes into one, without sending any data.

    It is `jax.make_array_from_process_local_data` for a batch. Call it in each process, with its
    own examples, the same number in each. With one process it is `jax.device_put`.

    Args:
        local: A pytree of arrays, with the examples of this process along the first axis.
        sharding: How the joined batch is split over the devices of all processes:
            `NamedSharding(mesh, PartitionSpec("data"))`. Along axes that it does not split over
            processes, their arrays must be equal.

    Returns:
        The same pytree with global arrays. The examples are in the order of the devices.

    Raises:
        ValueError: If an array has no axis of examples, or does not split over the devices.
        TypeError: If `sharding` is not a sharding, or an array is a masked one of NumPy,
            or has a dtype that JAX does not have.
        OverflowError: If integers or floats of 64 bits do not fit into JAX's 32.

    Example:
        >>> import jax, numpy as np
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((jax.device_count(),), ("data",))
        >>> sharding = jax.NamedSharding(mesh, jax.P("data"))
        >>> batch = jm.sharding.global_batch({"x": np.zeros((8, 2))}, sharding)
        >>> batch["x"].shape[0] == 8 * jax.process_count()
        True
    """
    check_sharding(sharding)

    def place(path: Any, leaf: Any) -> jax.Array:
        where = f"local{jax.tree_util.keystr(path)}"
        refuse_masked(where, leaf)
        array = leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
        if array.ndim == 0:
            raise ValueError(f"`{where}` expected an array of examples; got the scalar {leaf!r}.")
        if not isinstance(array, jax.Array):
            array = array.astype(array.dtype.newbyteorder("="), copy=False)  # that of JAX
            refuse_dtype(where, array)
            refuse_truncation(**{where: array})
            refuse_overflow(where, array)
        try:
            return jax.make_array_from_process_local_data(sharding, array)
        except ValueError as error:
            raise ValueError(
                f"`{where}` of shape {array.shape} in this process does not split over its "
                f"{len(sharding.addressable_devices)} devices: {error}"
            ) from error

    return jax.tree.map_with_path(place, local)
