"""Whether the sharding of an array is part of its type (Explicit mesh axes)."""

from typing import Any

import jax
from jax.core import Tracer
from jax.sharding import AxisType, NamedSharding


def explicit_mesh(leaf: Any) -> Any:
    """The mesh of an array that is sharded over an Explicit axis; None for all else."""
    if not isinstance(leaf, Tracer) and not isinstance(
        getattr(leaf, "sharding", None), NamedSharding
    ):
        return None
    sharding = jax.typeof(leaf).sharding
    explicit = AxisType.Explicit in sharding.mesh.axis_types and any(sharding.spec)
    return sharding.mesh if explicit else None
