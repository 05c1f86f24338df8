"""The parameters to evaluate with, where a transformation trains others."""

from typing import Any

import jax
import optax

from jax_metrics.optim._flat import Flat
from jax_metrics.optim._master_weights import MasterWeightsState


def nodes_of(state: Any, cls: type) -> list[tuple[Any, Any]]:
    """The parts of a state that are of a class, with their paths; also those inside of others."""
    found: list[tuple[Any, Any]] = []

    def look(state: Any, prefix: tuple[Any, ...]) -> None:
        def ends(node: Any) -> bool:
            return isinstance(node, cls) and node is not state

        for keys, node in jax.tree_util.tree_leaves_with_path(state, is_leaf=ends):
            if ends(node):
                found.append(((*prefix, *keys), node))
                look(node, (*prefix, *keys))

    if isinstance(state, cls):
        found.append(((), state))
    look(state, ())
    return found


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
