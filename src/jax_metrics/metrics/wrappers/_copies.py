"""`Copies`: copies of a metric, each with its own state."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._checks import lift_checks
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.state import Accumulator
from jax_metrics.tree import copy


class Copies(Accumulator):
    """Copies of a metric, updated as one program; on the host if the metric cannot be traced.

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
        if self.metrics.jittable:
            return self._replace(metrics=lift_checks(jax.vmap, update, self.metrics, *args))
        metrics = [
            update(metric, *(x[i] for x in args)) for i, metric in enumerate(self._on_host())
        ]
        return self._replace(metrics=jax.tree.map(_stacked, *metrics))

    def weighted(
        self,
        update: Callable[..., Metric],
        sample_weight: jax.Array,
        *,
        at_once: int | None = None,
    ) -> "Copies":
        """The copies after `update(metric, sample_weight)`, where each copy has its own weights.

        Args:
            update: Updates a metric, whose examples have the given weights.
            sample_weight: The weights, `[copies, examples, ...]`.
            at_once: How many copies to update at the same time; by default all.
        """
        if self.metrics.jittable and at_once is not None:
            in_batches = functools.partial(_mapped, at_once=at_once)
            metrics = lift_checks(in_batches, update, self.metrics, sample_weight)
            return self._replace(metrics=metrics)
        if self.metrics.jittable or not self.metrics._weighs_copies:
            return self.updated(update, sample_weight)
        return self._replace(metrics=update(copy(self.metrics), sample_weight))

    def joined(self, other: "Copies") -> "Copies":
        """The copies of both, those of this one first."""
        both = self.metrics, other.metrics
        return self._replace(metrics=jax.tree.map(lambda *x: jnp.concatenate(x), *both))

    def split(self, number: int) -> tuple["Copies", "Copies"]:
        """The first copies, as many as given, and the others."""
        first = jax.tree.map(lambda x: x[:number], self.metrics)
        rest = jax.tree.map(lambda x: x[number:], self.metrics)
        return self._replace(metrics=first), self._replace(metrics=rest)

    def values(self) -> Any:
        """The value of each copy, along the first axis."""
        if self.metrics.jittable:
            return jax.vmap(lambda metric: metric.compute())(self.metrics)
        return jax.tree.map(_stacked, *(metric.compute() for metric in self._on_host()))

    @property
    def directions(self) -> Any:
        """The directions of the metric."""
        return jax.tree.map(lambda x: x[0], self.metrics).directions

    def _on_host(self) -> list[Metric]:
        metrics = jax.device_get(self.metrics)
        return [jax.tree.map(lambda x, i=i: x[i], metrics) for i in range(self.number)]

    def neutral(self) -> "Copies":
        """Copies with the initial state."""
        return self._replace(metrics=jax.vmap(lambda metric: metric.neutral())(self.metrics))

    def merged(self, other: "Copies") -> "Copies":
        """Each copy merged with the copy of the same index."""

        def merge(one: Metric, another: Metric) -> Metric:
            return copy(one).merge_state(another)

        return self._replace(metrics=jax.vmap(merge)(self.metrics, other.metrics))


def _mapped(f: Callable[..., Any], *, at_once: int) -> Callable[..., Any]:
    """Maps a function over leading axes, in batches."""
    return lambda *args: jax.lax.map(lambda xs: f(*xs), args, batch_size=at_once)


def _stacked(*values: Any) -> jax.Array:
    """Arrays along a new first axis; one by one, JAX would take long for many."""
    if jnp.issubdtype(jnp.result_type(values[0]), jax.dtypes.prng_key):
        return jnp.stack(values)
    return jnp.asarray(np.stack(jax.device_get(values)))
