"""`UpdateWindow`: the states of the last few updates of a metric."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class UpdateWindow(Accumulator):
    """A ring buffer of the states of the last updates, one state for each.

    Args:
        metric: The metric in its initial state.
        size: The maximum number of updates.

    Attributes:
        slots: The metric, with an additional leading axis of size `size` in each state.
        index: The index of the next slot to fill.
        count: The number of updates in the window.
    """

    slots: Metric
    index: jax.Array = MetricState.node()
    count: jax.Array = MetricState.node()

    def __init__(self, metric: Metric, size: int):
        self.slots = jax.tree.map(lambda x: jnp.stack([x] * size), metric)
        self.index = jnp.zeros((), jnp.int32)
        self.count = jnp.zeros((), jnp.int32)

    @property
    def size(self) -> int:
        """The maximum number of updates."""
        return jax.tree.leaves(self.slots)[0].shape[0]

    def pushed(self, metric: Metric) -> "UpdateWindow":
        """The window with one more update; evicts the oldest when full."""
        slots = jax.tree.map(
            lambda all, one: jnp.asarray(all).at[self.index].set(one), self.slots, metric
        )
        return self._replace(
            slots=slots,
            index=(self.index + 1) % self.size,
            count=jnp.minimum(self.count + 1, self.size),
        )

    def latest(self) -> Metric:
        """The metric of the last update alone, with the random key for the next one."""
        return jax.tree.map(lambda x: x[self.index - 1], self.slots)

    def metric(self) -> Metric:
        """The metric of all updates in the window, merged."""
        return self.slots.reduce()  # empty slots are neutral

    def neutral(self) -> "UpdateWindow":
        """A window without updates."""
        return self._replace(
            slots=jax.vmap(lambda metric: metric.neutral())(self.slots),
            index=jnp.zeros_like(self.index),
            count=jnp.zeros_like(self.count),
        )

    def merged(self, other: "UpdateWindow") -> "UpdateWindow":
        """This window with the updates of the other window after its own."""

        def push(index: Any, window: "UpdateWindow") -> "UpdateWindow":
            oldest = other.index - other.count
            slot = (oldest + index) % other.size
            metric = jax.tree.map(lambda x: x[slot], other.slots)
            pushed = window.pushed(metric)
            return where(index < other.count, pushed, window)

        return jax.lax.fori_loop(0, self.size, push, self)


def where(condition: jax.Array, one: UpdateWindow, other: UpdateWindow) -> UpdateWindow:
    """One window if the condition holds, else the other."""
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), one, other)
