"""`FromRows`: the base of metrics that need all values at once, such as ranks and medians."""

from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.regression._outputs import outputs_shape, rows_of_outputs
from jax_metrics.metrics.state import Buffer


class FromRows(Metric):
    """The base of metrics that need all values at once, and keep them up to a capacity.

    A subclass defines `score`. A sample weight stands for as many examples. What has weight zero is
    not kept. If more rows come than there is room for, `overflowed` is true and the value is NaN,
    since one of the rows that were kept would look right.

    Args:
        capacity: How many rows there is room for. The memory is taken at once, so that shapes never
            change. The function takes as many as the batch has unless told otherwise.
        num_outputs: With a number, outputs lie along the last axis of `[..., num_outputs]`, each
            with a value of its own; else `target` and `preds` are `[batch]`.
        **options: Those of every metric.

    Raises:
        ValueError: If there is no capacity.
    """

    kept: Buffer

    def __init__(self, *, capacity: int, num_outputs: int | None = None, **options: Unpack[Common]):
        super().__init__(**options)
        self.kept = Buffer(capacity, (3, *outputs_shape(num_outputs)), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in: `target` and `preds` of one shape."""
        target, preds = pair(target, preds)
        outputs = self.kept.values.shape[2:]
        rows_of_outputs(target.shape, outputs)
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        columns = (jnp.where(weight != 0, x, 0) for x in (target, preds, weight))
        rows = jnp.stack([x.astype(self.dtype).reshape(-1, *outputs) for x in columns], 1)
        counts = (rows[:, 2] != 0).any(tuple(range(1, rows.ndim - 1)))
        every = sample_weight is None and mask is None
        self.kept = self.kept.extended(rows, None if every else counts)

    @property
    def overflowed(self) -> jax.Array:
        """Whether more rows came than there is room for."""
        return self.kept.overflowed

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The value of one output, of arrays `[capacity]`; what has weight 0 does not count."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def compute(self) -> jax.Array:
        """The value; NaN if more rows came than there is room for."""
        target, preds, weight = jnp.moveaxis(self.kept.values, 1, 0)
        score = jax.vmap(self.score, -1) if target.ndim > 1 else self.score
        value = score(target, preds, weight)
        strange = jnp.isnan(self.kept.values).any((0, 1))
        return jnp.where(self.overflowed | strange, jnp.nan, value)


def all_same(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Whether all values that count are one and the same number."""
    shown = weight != 0
    return jnp.where(shown, values, -jnp.inf).max() == jnp.where(shown, values, jnp.inf).min()


def function_of_rows(metric: type[FromRows], name: str | None = None) -> Callable[..., Any]:
    """`functional`, with room for the rows of the batch unless `capacity` is given."""
    inner: Any = functional(metric, name)

    def function(target: Any, preds: Any, **options: Any) -> Any:
        if options.get("capacity") is None:
            rows = jnp.size(target) // (options.get("num_outputs") or 1)
            options["capacity"] = max(rows, 1)
        return inner(target, preds, **options)

    signature = inner.__signature__
    parameters = [
        parameter.replace(default=None) if parameter.name == "capacity" else parameter
        for parameter in signature.parameters.values()
    ]
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(function, attribute, getattr(inner, attribute))
    made: Any = function
    made.__signature__ = signature.replace(parameters=parameters)
    return made
