"""Running a layer on arrays whose sharding is part of their type (Explicit mesh axes).

With Explicit axes JAX refuses operations whose output sharding is ambiguous: gathers, selects with
a replicated mask, some reshapes and the gradients of convolutions. A layer has one sensible answer:
the axes of its input keep their sharding. So it runs in `jax.sharding.auto_axes`, with the sharding
of its outputs fixed in advance. Auto axes and single devices take the direct path.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import NamedSharding, PartitionSpec

from jax_metrics.module import explicit_mesh


def has_explicit_axes(operands: Any) -> bool:
    """Whether an array in a pytree is sharded over an Explicit mesh axis."""
    return any(map(_is_explicit, jax.tree.leaves(operands)))


def run_sharded(f: Callable[..., Any], *operands: Any, like: Any, state: Any = None) -> Any:
    """Calls a pure function; where needed in Auto mode, with the output sharding derived.

    Outputs have the sharding that JAX derives, if it can. Otherwise they have that of the input, as
    far as their leading axes match.

    Args:
        f: Maps pytrees of arrays to a pytree of arrays.
        *operands: Its arguments.
        like: The input, an array; or a pytree, of which the first sharded array counts.
        state: For an `f` that returns `(output, state)`: the state before, whose sharding the new
            one keeps.
    """
    if not has_explicit_axes(operands):
        return f(*operands)
    first = next(filter(_is_explicit, jax.tree.leaves(operands)))
    mesh = explicit_mesh(first)
    if not isinstance(first, Tracer) and jax.sharding.get_abstract_mesh().empty:
        # Arrays created inside would not be on the mesh.
        with jax.set_mesh(first.sharding.mesh):
            return _run(f, operands, like, state, mesh)
    return _run(f, operands, like, state, mesh)


def _run(f: Callable[..., Any], operands: Any, like: Any, state: Any, mesh: Any) -> Any:
    try:
        types = jax.eval_shape(f, *operands)
        shardings = jax.tree.map(lambda leaf: _on(mesh, leaf.sharding), types)
    except Exception:  # JAX cannot derive it; genuine errors of the call are raised again below
        types = jax.eval_shape(f, *jax.tree.map(_without_sharding, operands))
        reference = next(filter(_is_explicit, jax.tree.leaves(like)), None)
        shardings = jax.tree.map(lambda leaf: NamedSharding(mesh, _spec(leaf, reference)), types)
        if state is not None:
            shardings = (shardings[0], _state_shardings(types[1], state, mesh))
    return jax.sharding.auto_axes(f, out_sharding=shardings)(*operands)


def _is_explicit(leaf: Any) -> bool:
    return explicit_mesh(leaf) is not None


def _without_sharding(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(jnp.shape(leaf), leaf.dtype)


def _on(mesh: Any, sharding: Any) -> NamedSharding:
    return NamedSharding(mesh, getattr(sharding, "spec", PartitionSpec()))


def _spec(leaf: Any, reference: Any) -> PartitionSpec:
    """The sharding of the reference's axes, but for the features, as far as the shapes agree."""
    if reference is None:
        return PartitionSpec()
    spec = jax.typeof(reference).sharding.spec
    if leaf.shape == reference.shape:
        return spec
    parts = []
    for size, other, axes in zip(leaf.shape[:-1], reference.shape[:-1], spec, strict=False):
        if size != other:
            break
        parts.append(axes)
    return PartitionSpec(*parts)


def _state_shardings(types: Any, state: Any, mesh: Any) -> Any:
    """Shardings of the new state: those of the leaves at the same paths before, else replicated."""
    before = dict(jax.tree_util.tree_leaves_with_path(state))

    def sharding(path: Any, leaf: Any) -> NamedSharding:
        old = before.get(path)
        same = old is not None and jnp.shape(old) == leaf.shape and _is_explicit(old)
        return NamedSharding(mesh, jax.typeof(old).sharding.spec if same else PartitionSpec())

    return jax.tree_util.tree_map_with_path(sharding, types)


def sharded_like(values: Any, others: Any) -> Any:
    """Arrays with the sharding of others, where that is over Explicit mesh axes or theirs is.

    Args:
        values: A pytree of arrays.
        others: The same, of equal shapes.
    """

    def shard(value: Any, other: Any) -> Any:
        mesh = explicit_mesh(value) or explicit_mesh(other)
        if mesh is None:
            return value
        return jax.sharding.reshard(value, _on(mesh, jax.typeof(other).sharding))

    return jax.tree.map(shard, values, others)


def split_arrays(values: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The arrays in a pytree, and a function that puts others in their place.

    Args:
        values: Any pytree, with other leaves such as flags too.
    """
    leaves, structure = jax.tree.flatten(values)
    positions = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]

    def fill(arrays: list[Any]) -> Any:
        filled = list(leaves)
        for i, array in zip(positions, arrays, strict=True):
            filled[i] = array
        return jax.tree.unflatten(structure, filled)

    return [leaves[i] for i in positions], fill
