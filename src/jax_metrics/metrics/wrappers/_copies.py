"""`Copies`: equal metrics side by side, each with a state of its own."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import lift_checks
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.state import Accumulator
from jax_metrics.tree import copy


class Copies(Accumulator):
    """Some copies of a metric, updated as one program.

    Args:
        metric: The metric, of which the state is forgotten.
        number: How many.

    Attributes:
        metrics: The metric, with an axis of `number` before those of each state.
    """

    metrics: Metric

    def __init__(self, metric: Metric, number: int):
        empty = copy(metric).reset()
        self.metrics = jax.tree.map(lambda x: jnp.stack([x] * number), empty)

    @property
    def number(self) -> int:
        """How many there are."""
        return jax.tree.leaves(self.metrics)[0].shape[0]

    def updated(self, update: Callable[..., Metric], *args: Any) -> "Copies":
        """The copies after `update(metric, *args)`, each with its part of the arguments."""
        return self._with(lift_checks(jax.vmap, update, self.metrics, *args))

    def values(self) -> Any:
        """The value of each, along the first axis."""
        return jax.vmap(lambda metric: metric.compute())(self.metrics)

    def neutral(self) -> "Copies":
        """Copies that have taken nothing in."""
        return self._with(jax.vmap(lambda metric: metric.neutral())(self.metrics))

    def merged(self, other: "Copies") -> "Copies":
        """Each merged with the other one at its place."""

        def merge(one: Metric, another: Metric) -> Metric:
            return copy(one).merge_state(another)

        return self._with(jax.vmap(merge)(self.metrics, other.metrics))

    def _with(self, metrics: Metric) -> "Copies":
        made = object.__new__(Copies)
        made.__setstate__({"metrics": metrics})
        return made
