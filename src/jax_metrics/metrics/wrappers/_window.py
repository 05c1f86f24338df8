"""`Window`: the states of the last few updates of a metric."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class Window(Accumulator):
    """The states that the last updates made, one for each, in a ring.

    Args:
        metric: One that has taken nothing in.
        size: How many updates there is room for.

    Attributes:
        slots: The metric, with an axis of `size` before those of each state.
        place: Where the next one goes.
        count: How many there are.
    """

    slots: Metric
    place: jax.Array = MetricState.node()
    count: jax.Array = MetricState.node()

    def __init__(self, metric: Metric, size: int):
        self.slots = jax.tree.map(lambda x: jnp.stack([x] * size), metric)
        self.place = jnp.zeros((), jnp.int32)
        self.count = jnp.zeros((), jnp.int32)

    @property
    def size(self) -> int:
        """How many updates there is room for."""
        return jax.tree.leaves(self.slots)[0].shape[0]

    def pushed(self, metric: Metric) -> "Window":
        """The window with one more update, the oldest of which may have gone."""
        slots = jax.tree.map(lambda all, one: all.at[self.place].set(one), self.slots, metric)
        return self._with(
            slots, (self.place + 1) % self.size, jnp.minimum(self.count + 1, self.size)
        )

    def whole(self) -> Metric:
        """The metric that has taken in what all updates in the window have."""
        return self.slots.reduce()  # empty slots are neutral

    def neutral(self) -> "Window":
        """A window without updates."""
        slots = jax.vmap(lambda metric: metric.neutral())(self.slots)
        return self._with(slots, jnp.zeros_like(self.place), jnp.zeros_like(self.count))

    def merged(self, other: "Window") -> "Window":
        """This window with the updates of the other one after its own."""

        def push(index: Any, window: "Window") -> "Window":
            oldest = other.place - other.count
            slot = (oldest + index) % other.size
            metric = jax.tree.map(lambda x: x[slot], other.slots)
            pushed = window.pushed(metric)
            fits = index < other.count
            return jax.tree.map(lambda new, old: jnp.where(fits, new, old), pushed, window)

        return jax.lax.fori_loop(0, self.size, push, self)

    def _with(self, slots: Any, place: jax.Array, count: jax.Array) -> "Window":
        made = object.__new__(Window)
        made.__setstate__({"slots": slots, "place": place, "count": count})
        return made
