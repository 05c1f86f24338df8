"""On which devices the state of a run lies, so that a step leaves it where it was."""

from typing import Any, TypeVar

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

T = TypeVar("T")


def replicated(tree: T, like: Any) -> T:
    """The tree with a copy of each array on all devices over which another tree is spread.

    Arrays that are spread over these devices stay as they are.

    Args:
        tree: A pytree of arrays.
        like: A pytree of arrays, such as the model and a batch.
    """
    mesh = _mesh_of(like)
    if mesh is None:
        return tree

    def place(leaf: Any) -> Any:
        spread = isinstance(leaf, jax.Array) and leaf.sharding.device_set == {*mesh.devices.flat}
        return leaf if spread else jax.device_put(leaf, NamedSharding(mesh, PartitionSpec()))

    return jax.tree.map(place, tree)


def staying(tree: T, like: Any) -> T:
    """The results of a program, constrained to the devices of the arrays that they replace.

    Otherwise XLA chooses, and arrays may be split differently from what the rules said; the next
    call would be compiled again.

    Args:
        tree: The results, inside of a trace.
        like: The concrete arrays of the same structure that the program was called with.
    """
    results, structure = jax.tree.flatten(tree)
    before, was = jax.tree.flatten(like)
    if structure != was:
        return tree
    placed = map(_constrained, results, before)
    return jax.tree.unflatten(structure, placed)


def _constrained(result: Any, before: Any) -> Any:
    sharding = getattr(before, "sharding", None)
    if not isinstance(sharding, NamedSharding) or len(sharding.device_set) == 1:
        return result
    if AxisType.Explicit in sharding.mesh.axis_types:  # where types say it
        return result
    return jax.lax.with_sharding_constraint(result, sharding)


def _mesh_of(tree: Any) -> Mesh | None:
    """The mesh of several devices over which a tree is spread; None if there is none."""
    for leaf in jax.tree.leaves(tree):
        sharding = getattr(leaf, "sharding", None)
        if isinstance(sharding, NamedSharding) and len(sharding.device_set) > 1:
            mesh = sharding.mesh
            return mesh if isinstance(mesh, Mesh) else None
    return None
