"""Arguments of wrapped metrics that are structures, out of which the metric reads (`on=`)."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Metric


def as_arrays(metric: Metric, argument: Any) -> Any:
    """An argument as an array, or as a structure of arrays for a metric that reads out of one."""
    plain = metric.on is None and not metric._arguments.paths
    if plain and isinstance(argument, list | tuple):
        return jnp.asarray(argument)
    return jax.tree.map(jnp.asarray, argument)


def read(metric: Metric, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the metric reads out of arguments, by the names of its `update`."""
    return metric._received((), arguments)[1]


def map_fitting(
    fits: Callable[[jax.Array], bool], function: Callable[..., jax.Array], *structures: Any
) -> Any:
    """Maps the arrays that fit; those that do not, which the metric does not read, stay."""
    return jax.tree.map(lambda x, *rest: function(x, *rest) if fits(x) else x, *structures)
