"""The state of an optimizer for a model that has changed: kept for what stayed, else fresh."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.optim._flat import Flat
from jax_metrics.optim._state_layout import path_at


def carried_over(fresh: Any, old: Any, params: Flat, is_new: Callable[[str], bool]) -> Any:
    """A fresh state with the values of the old one wherever they fit.

    Args:
        fresh: The state for the changed parameters.
        old: The state so far.
        params: The changed parameters by path.
        is_new: Whether the parameter at a path starts fresh in any case.
    """
    values = {
        jax.tree_util.keystr(keys): leaf for keys, leaf in jax.tree_util.tree_leaves_with_path(old)
    }

    def carry(keys: Any, leaf: Any) -> Any:
        path = path_at(keys, params)
        before = values.get(jax.tree_util.keystr(keys))
        if before is None or (path is not None and is_new(path)):
            return leaf
        if jnp.shape(before) != jnp.shape(leaf) or jnp.result_type(before) != jnp.result_type(leaf):
            return leaf
        return _where_fresh_is(leaf, before)

    return jax.tree_util.tree_map_with_path(carry, fresh)


def _where_fresh_is(leaf: Any, before: Any) -> Any:
    """The old value on the devices of the fresh one, if those were chosen."""
    if isinstance(leaf, Tracer) or isinstance(before, Tracer) or not isinstance(leaf, jax.Array):
        return before
    if not leaf.committed or leaf.sharding.is_equivalent_to(before.sharding, leaf.ndim):
        return before
    return jax.device_put(before, leaf.sharding)
