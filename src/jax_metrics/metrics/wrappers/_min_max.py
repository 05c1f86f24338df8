"""`MinMax`: a metric with its smallest and largest value so far."""

import inspect
from collections.abc import Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import state
from jax_metrics.metrics.wrappers._examples import has_examples
from jax_metrics.tree import copy


class MinMax(Metric):
    """A metric with a scalar value, and its smallest and largest value after any update.

    `update` takes the arguments of the metric; `compute` returns a dict of `raw`, `min` and `max`.
    NaN values, and values after updates without examples, are left out of `min` and `max`.

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
        self.metric = copy(metric, arrays=True)
        self.jittable = metric.jittable
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        self.smallest = jnp.array(jnp.inf, self.dtype)
        self.largest = jnp.array(-jnp.inf, self.dtype)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Updates with a batch."""
        self.metric.update(*args, **kwargs)
        value = jnp.where(has_examples(self.metric, args, kwargs), self.metric.compute(), jnp.nan)
        self.smallest = jnp.fmin(self.smallest, value).astype(self.smallest.dtype)
        self.largest = jnp.fmax(self.largest, value).astype(self.largest.dtype)

    def _step(self, inputs: Any) -> Any:
        # `min` and `max` are of values after updates, not of the values of single batches.
        value = self.neutral().update(*inputs[0], **inputs[1]).compute()
        return value, copy(self).update(*inputs[0], **inputs[1])

    def compute(self) -> dict[str, jax.Array]:
        """The current value, and the smallest and largest so far."""
        return {"raw": self.metric.compute(), "min": self.smallest, "max": self.largest}

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return self.metric.signature.parameters
