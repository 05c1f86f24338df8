"""The parameters to evaluate with, where a transformation trains others."""

from typing import Any

import jax.numpy as jnp
import optax

from jax_metrics.optim._flat import Flat
from jax_metrics.optim._master_weights import MasterWeightsState
from jax_metrics.optim._state_nodes import nodes_of

_KINDS = (MasterWeightsState, optax.contrib.SAMState, optax.contrib.ScheduleFreeState)


def eval_values(state: Any, params: Flat) -> Flat:
    """The parameters of `schedule_free` and `sam` by path that are not those that they train.

    Args:
        state: The state of the transformation.
        params: The trained parameters by path.
    """
    seen = dict(params)  # as the next transformation inside sees them, and as those around end
    values: Flat = {}
    for _, node in nodes_of(state, _KINDS):  # outer ones first
        if isinstance(node, MasterWeightsState):
            seen |= node.master
            continue
        if isinstance(node, optax.contrib.SAMState):
            found = _before_the_ascent(node, seen)
            seen |= found
        else:
            z = _arrays(node.z)
            trained = {path: seen[path] for path in z}
            found = optax.contrib.schedule_free_eval_params(node._replace(z=z), trained)
        values |= {path: value.astype(params[path].dtype) for path, value in found.items()}
    return values


def _before_the_ascent(state: Any, params: Flat) -> Flat:
    """The parameters that `sam` will step from; between its own steps the model is elsewhere."""
    cache = {} if state.cache is None else _arrays(state.cache)  # none in opaque mode
    ascended = state.steps_since_sync > 0
    return {path: jnp.where(ascended, value, params[path]) for path, value in cache.items()}


def _arrays(values: Any) -> Flat:
    """Those with a dtype: in a group the parameters of others are values without one."""
    return {path: value for path, value in values.items() if hasattr(value, "dtype")}
