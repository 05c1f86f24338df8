"""The parameters to evaluate with, where a transformation trains others."""

from typing import Any

import optax

from jax_metrics.optim._flat import Flat
from jax_metrics.optim._master_weights import MasterWeightsState
from jax_metrics.optim._state_nodes import nodes_of


def eval_values(state: Any, params: Flat) -> Flat:
    """The parameters of `schedule_free` by path that are not those that it trains.

    Args:
        state: The state of the transformation.
        params: The trained parameters by path.
    """
    wide = dict(params)
    for _, node in nodes_of(state, MasterWeightsState):
        wide |= node.master
    values: Flat = {}
    for _, node in nodes_of(state, optax.contrib.ScheduleFreeState):
        z = {path: value for path, value in node.z.items() if hasattr(value, "dtype")}
        trained = {path: wide[path] for path in z}
        found = optax.contrib.schedule_free_eval_params(node._replace(z=z), trained)
        values |= {path: value.astype(params[path].dtype) for path, value in found.items()}
    return values
