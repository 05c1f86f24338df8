"""`MinMax`: a metric, and the smallest and largest value it has had."""

import inspect
from collections.abc import Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import state
from jax_metrics.tree import copy


class MinMax(Metric):
    """A metric whose value is a scalar, with the smallest and largest value after any update.

    `update` takes what that of the metric takes; `compute` gives a dict of `raw`, `min` and `max`.

    Args:
        metric: The metric; it is copied.

    Example:
        >>> import jax_metrics as jm
        >>> minmax = jm.metrics.MinMax(jm.metrics.Mean()).update(4.0).update(0.0).update(5.0)
        >>> {name: float(value) for name, value in minmax.compute().items()}
        {'raw': 3.0, 'min': 2.0, 'max': 4.0}
    """

    metric: Metric
    smallest: jax.Array = state("min")
    largest: jax.Array = state("max")

    def __init__(self, metric: Metric, **options: Unpack[Common]):
        super().__init__(**options)
        self.metric = copy(metric)
        self.jittable = metric.jittable
        self.smallest = jnp.array(jnp.inf, self.dtype)
        self.largest = jnp.array(-jnp.inf, self.dtype)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in."""
        self.metric.update(*args, **kwargs)
        value = self.metric.compute()
        self.smallest = jnp.minimum(self.smallest, value).astype(self.smallest.dtype)
        self.largest = jnp.maximum(self.largest, value).astype(self.largest.dtype)

    def _step(self, inputs: Any) -> Any:
        # The value after this update counts, not that of the batch.
        value = self.neutral().update(*inputs[0], **inputs[1]).compute()
        return value, copy(self).update(*inputs[0], **inputs[1])

    def compute(self) -> dict[str, jax.Array]:
        """The value now, and the smallest and largest so far."""
        return {"raw": self.metric.compute(), "min": self.smallest, "max": self.largest}

    def _takes(self) -> Mapping[str, inspect.Parameter]:
        return self.metric.signature.parameters
