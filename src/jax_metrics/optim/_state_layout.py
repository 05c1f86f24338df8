"""A new state, made ready for training: nothing is shared, and all is where its parameter is."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.tree_util import GetAttrKey

from jax_metrics.module import place
from jax_metrics.optim._flat import Flat


def settled(state: Any, params: Flat) -> Any:
    """The state of `init`, with copies of arrays that are in two places, and on the right devices.

    State of a parameter gets its sharding, and all else is replicated on its mesh: it would be
    after the first step, and compile that step again. Numbers lose JAX's weak type for the same
    reason.

    Args:
        state: The state that optax made.
        params: The parameters by path.
    """
    used = {id(leaf) for leaf in params.values()}
    mesh = next((m for m in map(_mesh_of, params.values()) if m is not None), None)

    def settle(keys: Any, leaf: Any) -> Any:
        if isinstance(leaf, int | float):
            leaf = jnp.asarray(leaf)
        if not isinstance(leaf, jax.Array):
            return leaf
        if getattr(leaf, "weak_type", False):
            leaf = jnp.asarray(leaf, leaf.dtype)
        if id(leaf) in used:
            leaf = jnp.copy(leaf)
        used.add(id(leaf))
        if mesh is None or isinstance(leaf, Tracer):
            return leaf
        sharding = _sharding(leaf, parameter_at(keys, params), mesh)
        same = getattr(leaf, "committed", False) and leaf.sharding == sharding
        return leaf if same else place(leaf, sharding)

    return jax.tree_util.tree_map_with_path(settle, state)


def spec_of_state(
    shape: tuple[int, ...], of: tuple[int, ...], spec: PartitionSpec, history_axis: int = 0
) -> PartitionSpec | None:
    """The spec of state that is kept for a parameter; None for state to have on each device.

    Args:
        shape: The shape of the state.
        of: The shape of the parameter.
        spec: The spec of the parameter.
        history_axis: The axis of the steps, if the state is of several, as in L-BFGS.
    """
    if shape == of:
        return spec
    if not any(spec) or shape[:history_axis] + shape[history_axis + 1 :] != of:
        return None
    entries = [*spec, *[None] * (history_axis - len(spec))]
    return PartitionSpec(*entries[:history_axis], None, *entries[history_axis:])


def parameter_at(keys: Any, params: Flat) -> Any:
    """The parameter that a leaf of the state belongs to; None for one of no parameter."""
    path = path_at(keys, params)
    return None if path is None else params[path]


def path_at(keys: Any, params: Flat) -> str | None:
    """Its path: the last key that is one. Labels may be paths, too: of groups, and before it."""
    for at, key in reversed([*enumerate(keys)]):
        is_group = at > 0 and keys[at - 1] == GetAttrKey("inner_states")
        if getattr(key, "key", None) in params and not is_group:
            return key.key
    return None


def _mesh_of(value: Any) -> Any:
    if isinstance(value, jax.Array) and not isinstance(value, Tracer):
        if isinstance(value.sharding, NamedSharding) and value.sharding.mesh.size > 1:
            return value.sharding.mesh
    return None


def _sharding(leaf: Any, param: Any, mesh: Any) -> NamedSharding:
    if _mesh_of(param) is None:
        return _replicated(leaf, mesh)
    if leaf.shape == param.shape:  # with its kind of memory, too
        return param.sharding
    spec = spec_of_state(leaf.shape, param.shape, param.sharding.spec)
    if spec is None:
        return _replicated(leaf, param.sharding.mesh)
    return NamedSharding(param.sharding.mesh, spec)


def _replicated(leaf: jax.Array, mesh: Any) -> NamedSharding:
    """As JAX writes it for the results of a step; another spec of this meaning compiles again."""
    explicit = AxisType.Explicit in mesh.axis_types
    return NamedSharding(mesh, PartitionSpec(*[None] * leaf.ndim if explicit else ()))
