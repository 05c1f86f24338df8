"""Transformations on Explicit meshes, where the sharding of an array is a part of its type.

There JAX refuses products and reshapes whose output sharding is ambiguous, such as those of Muon
and L-BFGS. For an update there is one answer: updates lie where the gradients do, and the new state
where the old one does. So it runs in `jax.sharding.auto_axes`, which is told that.
"""

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import NamedSharding

from jax_metrics.module import explicit_mesh
from jax_metrics.optim._flat import Flat


def run_update(
    update: Callable[..., Any], grads: Flat, state: Any, params: Flat | None, extra: dict[str, Any]
) -> tuple[Any, Any]:
    """Calls the update of a transformation, where needed on Auto axes.

    Args:
        update: It takes gradients, state, parameters and extra arguments.
        grads: The gradients by path.
        state: The state.
        params: The parameters by path.
        extra: The extra arguments. A function among them may use arrays from elsewhere, with
            Explicit axes, so that the update runs on those.
    """
    mesh = next((mesh for mesh in map(explicit_mesh, grads.values()) if mesh is not None), None)
    if mesh is None or any(map(callable, extra.values())):
        return update(grads, state, params, **extra)

    def sharding(leaf: Any) -> NamedSharding:
        return NamedSharding(mesh, jax.typeof(leaf).sharding.spec)

    def run(*operands: Any) -> Any:
        return update(*operands[:-1], **operands[-1])

    where = jax.tree.map(sharding, (grads, state))
    on_auto_axes: Any = jax.sharding.auto_axes(run, out_sharding=where)
    return on_auto_axes(grads, state, params, extra)
