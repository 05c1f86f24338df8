"""Updates with arrays on explicit mesh axes, whose sharding is part of their type."""

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AbstractMesh, NamedSharding, PartitionSpec

from jax_metrics.metrics._checks import lift_checks


def explicit_mesh(values: Any) -> AbstractMesh | None:
    """The mesh with explicit axes that an array is sharded over, if there is one."""
    for leaf in jax.tree.leaves(values):
        mesh = getattr(getattr(jax.typeof(leaf), "sharding", None), "mesh", None)
        if mesh is not None and mesh.explicit_axes:
            return mesh
    return None


def with_automatic_sharding(f: Callable[..., Any], mesh: AbstractMesh, *args: Any) -> Any:
    """`f(*args)` with sharding inside left to the compiler, and the result replicated.

    An update has many reductions and scatters over the examples, which would each need an explicit
    sharding. Its result is small.
    """
    replicated = NamedSharding(mesh, PartitionSpec())
    transform = functools.partial(
        jax.sharding.auto_axes, axes=mesh.explicit_axes, out_sharding=replicated
    )
    return lift_checks(transform, f, *args)
