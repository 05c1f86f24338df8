"""`Copies`: copies of a metric, each with its own state."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import lift_checks
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.state import Accumulator
from jax_metrics.tree import copy


class Copies(Accumulator):
    """Copies of a metric, updated as one program.

    Args:
        metric: The metric; the copies start from its initial state.
        number: The number of copies.

    Attributes:
        metrics: The metric, with an additional leading axis of size `number` in each state.
    """

    metrics: Metric

    def __init__(self, metric: Metric, number: int):
        empty = copy(metric).reset()
        self.metrics = jax.tree.map(lambda x: jnp.stack([x] * number), empty)

    @property
    def number(self) -> int:
        """The number of copies."""
        return jax.tree.leaves(self.metrics)[0].shape[0]

    def updated(self, update: Callable[..., Metric], *args: Any) -> "Copies":
        """The copies after `update(metric, *args)`, mapped over the leading axis of arguments."""
        return self._replace(metrics=lift_checks(jax.vmap, update, self.metrics, *args))

    def values(self) -> Any:
        """The value of each copy, along the first axis."""
        return jax.vmap(lambda metric: metric.compute())(self.metrics)

    def neutral(self) -> "Copies":
        """Copies with the initial state."""
        return self._replace(metrics=jax.vmap(lambda metric: metric.neutral())(self.metrics))

    def merged(self, other: "Copies") -> "Copies":
        """Each copy merged with the copy of the same index."""

        def merge(one: Metric, another: Metric) -> Metric:
            return copy(one).merge_state(another)

        return self._replace(metrics=jax.vmap(merge)(self.metrics, other.metrics))
