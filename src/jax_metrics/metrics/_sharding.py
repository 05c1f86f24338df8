"""Updates of arrays whose sharding is part of their type."""

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AbstractMesh, NamedSharding, PartitionSpec

from jax_metrics.metrics._checks import through


def explicit_mesh(values: Any) -> AbstractMesh | None:
    """The mesh with explicit axes that one of the arrays is sharded over, if any."""
    for leaf in jax.tree.leaves(values):
        mesh = getattr(getattr(jax.typeof(leaf), "sharding", None), "mesh", None)
        if mesh is not None and mesh.explicit_axes:
            return mesh
    return None


def with_automatic_sharding(f: Callable[..., Any], mesh: AbstractMesh, *args: Any) -> Any:
    """`f(*args)` with the sharding inside left to the compiler, and the result on all devices.

    An update reduces over the examples in many ways, scatters among them, whose sharding nobody
    wants to say one by one; its result is small.
    """
    whole = NamedSharding(mesh, PartitionSpec())
    transform = functools.partial(
        jax.sharding.auto_axes, axes=mesh.explicit_axes, out_sharding=whole
    )
    return through(transform, f, *args)
