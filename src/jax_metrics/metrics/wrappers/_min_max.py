"""`MinMax`: a metric with its smallest and largest value so far."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._dict_order import as_dicts, keep_order
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import highest, lowest, state
from jax_metrics.metrics.wrappers._examples import has_examples
from jax_metrics.tree import copy


class MinMax(Metric):
    """A metric with its smallest and largest value after any update.

    `update` takes the arguments of the metric; `compute` returns a dict of `raw`, `min` and `max`,
    each an array, a dict or a named tuple like the value of the metric, with the extremes of each
    number. NaN values, and values after updates without examples, are left out of `min` and `max`;
    without others these are infinite, or the largest and the smallest integer.

    Args:
        metric: The metric; it is copied.

    Example:
        >>> import jax_metrics as jm
        >>> minmax = jm.metrics.MinMax(jm.metrics.Mean()).update(4.0).update(0.0).update(5.0)
        >>> {name: float(value) for name, value in minmax.compute().items()}
        {'raw': 3.0, 'min': 2.0, 'max': 4.0}
    """

    metric: Metric
    smallest: Any = state("min")
    largest: Any = state("max")

    def __init__(self, metric: Metric, **options: Unpack[Common]):
        super().__init__(**options)
        self.metric = copy(metric, arrays=True)
        self.jittable = metric.jittable
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        value = _example(self.metric)
        self.smallest = jax.tree.map(lambda x: self._filled(x, highest), value)
        self.largest = jax.tree.map(lambda x: self._filled(x, lowest), value)

    def _filled(self, value: Any, limit: Callable[[Any], Any]) -> jax.Array:
        """An array of the shape of the value, filled with a limit of its dtype."""
        dtype = jnp.result_type(value)
        dtype = dtype if jnp.issubdtype(dtype, jnp.integer) else self.dtype
        return jnp.full(jnp.shape(value), limit(dtype), dtype)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Updates with a batch."""
        self.metric.update(*args, **kwargs)
        value, has_any = _value(self.metric), has_examples(self.metric, args, kwargs)

        def extreme(choose: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
            return lambda old, new: jnp.where(has_any, choose(old, new).astype(old.dtype), old)

        self.smallest = jax.tree.map(extreme(jnp.fmin), self.smallest, value)
        self.largest = jax.tree.map(extreme(jnp.fmax), self.largest, value)

    def _step(self, inputs: Any) -> Any:
        # `min` and `max` are of values after updates, not of the values of single batches.
        value = self.neutral().update(*inputs[0], **inputs[1]).compute()
        return value, copy(self).update(*inputs[0], **inputs[1])

    def compute(self) -> dict[str, Any]:
        """The current value, and the smallest and largest so far."""
        extremes = {"min": as_dicts(self.smallest), "max": as_dicts(self.largest)}
        return {"raw": self.metric.compute(), **extremes}

    @property
    def directions(self) -> dict[str, Any]:
        """The directions of the metric, for each of the three values."""
        return dict.fromkeys(("raw", "min", "max"), self.metric.directions)

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.metric)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._prepared_inputs_by(self.metric, inputs)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return self.metric.signature.parameters


def _example(metric: Metric) -> Any:
    """A value, or the shapes and dtypes of one."""
    if metric.jittable:
        return jax.eval_shape(_value, metric)
    try:
        with np.errstate(all="ignore"):
            return _value(copy(metric).reset())
    except Exception:  # plain Python without examples, such as a division by 0
        return jnp.nan


def _value(metric: Metric) -> Any:
    """The value, with dicts that keep their order as a state."""
    return keep_order(metric.compute())
