"""The states that hold values of queries: their mean, their extreme, or all up to a capacity."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._weighted_quantile import weighted_quantile
from jax_metrics.metrics.state import Accumulator, Buffer, Total
from jax_metrics.module import MetricState

Aggregation = str | Callable[..., Any]
AGGREGATIONS = ("mean", "median", "min", "max")


class MeanValue(Accumulator):
    """The weighted mean of values, from two sums; NaN without values.

    Args:
        shape: Shape of the value of a query.
        dtype: Dtype of the sums.
    """

    total: Total
    weight: Total

    def __init__(self, shape: tuple[int, ...], dtype: Any):
        self.total = Total.zeros(shape, dtype)
        self.weight = Total.zeros((), dtype)

    def added(self, values: jax.Array, weight: jax.Array) -> "MeanValue":
        """The mean with the values of a batch, `[queries, *shape]`, and their weights."""
        expanded = _expanded(weight, values)
        total = jnp.where(expanded != 0, values, 0) * expanded
        return self._replace(total=self.total + total.sum(0), weight=self.weight + weight.sum())

    @property
    def value(self) -> jax.Array:
        """The mean."""
        return self.total.value / self.weight.value

    def neutral(self) -> "MeanValue":
        """The mean of no values."""
        return self._replace(total=self.total.neutral(), weight=self.weight.neutral())

    def merged(self, other: "MeanValue") -> "MeanValue":
        """The mean of the values of both."""
        return self._replace(total=self.total + other.total, weight=self.weight + other.weight)


class ExtremeValue(Accumulator):
    """The largest or smallest value of nonzero weight; NaN without values.

    Args:
        shape: Shape of the value of a query.
        dtype: Dtype of the value.
        largest: Whether it is the largest value.
    """

    extreme: jax.Array = MetricState.node()

    def __init__(self, shape: tuple[int, ...], dtype: Any, *, largest: bool):
        self.largest = largest
        self.extreme = jnp.full(shape, self._none, dtype)

    @property
    def _none(self) -> float:
        return -jnp.inf if self.largest else jnp.inf

    def added(self, values: jax.Array, weight: jax.Array) -> "ExtremeValue":
        """The extreme with the values of a batch, `[queries, *shape]`, and their weights."""
        values = jnp.where(_expanded(weight, values) != 0, values, self._none)
        values = values.astype(self.extreme.dtype)
        extreme = (jnp.max if self.largest else jnp.min)(values, 0, initial=self._none)
        return self.merged(self._replace(extreme=extreme))

    @property
    def value(self) -> jax.Array:
        """The extreme."""
        return jnp.where(self.extreme == self._none, jnp.nan, self.extreme)

    def neutral(self) -> "ExtremeValue":
        """The extreme of no values."""
        return self._replace(extreme=jnp.full_like(self.extreme, self._none))

    def merged(self, other: "ExtremeValue") -> "ExtremeValue":
        """The extreme of both."""
        larger = jnp.maximum if self.largest else jnp.minimum
        return self._replace(extreme=larger(self.extreme, other.extreme))


class KeptValues(Accumulator):
    """All values of nonzero weight, aggregated at the end; NaN with more than the capacity.

    Args:
        capacity: The maximum number of values.
        shape: Shape of the value of a query.
        dtype: Dtype of the values.
        aggregation: See `aggregated`.
    """

    rows: Buffer
    weights: Buffer

    def __init__(self, capacity: int, shape: tuple[int, ...], dtype: Any, aggregation: Aggregation):
        self.aggregation = aggregation
        self.rows = Buffer(capacity, shape, dtype)
        self.weights = Buffer(capacity, (), dtype)

    def added(self, values: jax.Array, weight: jax.Array) -> "KeptValues":
        """The values with those of a batch, `[queries, *shape]`, and their weights."""
        included = weight != 0
        return self._replace(
            rows=self.rows.extended(values, included),
            weights=self.weights.extended(weight, included),
        )

    @property
    def value(self) -> jax.Array:
        """The aggregated values."""
        rows = self.rows
        value = aggregated(rows.values, self.weights.values, self.aggregation)
        return jnp.where(rows.overflowed, jnp.nan, value)

    def neutral(self) -> "KeptValues":
        """No values."""
        return self._replace(rows=self.rows.neutral(), weights=self.weights.neutral())

    def merged(self, other: "KeptValues") -> "KeptValues":
        """The values of both."""
        return self._replace(
            rows=self.rows.merged(other.rows), weights=self.weights.merged(other.weights)
        )


QueryValues = MeanValue | ExtremeValue | KeptValues


def aggregated(values: jax.Array, weight: jax.Array, aggregation: Aggregation) -> jax.Array:
    """One value for all queries; NaN without queries, or if the value of a query is NaN.

    Args:
        values: Shape `[queries, *shape]`.
        weight: Shape `[queries]`; queries of weight 0 are left out. Others count as often as their
            weight says in the mean and the median, and once in other aggregations.
        aggregation: `"mean"`, `"median"`, `"min"`, `"max"`, or a function such as `jnp.nanmedian`,
            called with the values, NaN for queries that are left out, and `axis=0`.
    """
    included = weight != 0
    present = jnp.where(_expanded(included, values), values, jnp.nan)
    if aggregation == "mean":
        expanded = _expanded(weight, values)
        value = (jnp.where(expanded != 0, values, 0) * expanded).sum(0) / weight.sum()
    elif aggregation == "median":
        columns = jax.vmap(weighted_quantile, (1, None, None))(_columns(values), weight, 0.5)
        value = columns.reshape(values.shape[1:])
    else:
        named = {"min": jnp.nanmin, "max": jnp.nanmax}
        function = named[aggregation] if isinstance(aggregation, str) else aggregation
        value = function(present, axis=0)
    invalid = (jnp.isnan(values) & _expanded(included, values)).any() | ~included.any()
    return jnp.where(invalid, jnp.nan, value)


def _columns(values: jax.Array) -> jax.Array:
    """The values of queries, `[queries, *shape]`, as `[queries, prod(shape)]`."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _expanded(weight: jax.Array, values: jax.Array) -> jax.Array:
    return weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
