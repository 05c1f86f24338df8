"""`ReducedMean`: the base of means of values that can return each value, too."""

from collections.abc import Callable
from math import prod
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._mean_of import WeightedMean, bounds_of_sum
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._sized_function import sized_function
from jax_metrics.metrics.inputs import as_numbers, weights
from jax_metrics.metrics.state import Buffer

REDUCTIONS = ("mean", "sum", "none")


class ReducedOptions(Common, total=False):
    """The options of `ReducedMean`."""

    reduction: str
    capacity: int | None


class ReducedMean(WeightedMean):
    """The base of metrics that are a mean, a sum, or all of the values that they add.

    Args:
        reduction: `"mean"` over the values, NaN before the first update, or `"sum"`; `"none"`
            returns every value, `[capacity]`, in the order of the updates, with NaN after the last
            one. Values with several axes, such as `[batch, speakers]`, are flattened as by
            `reshape(-1)`. `"none"` keeps no values of weight zero; other weights make no difference
            to it.
        capacity: The maximum number of values to keep, only for `"none"`. With more, all values are
            NaN: see `overflowed`. The function defaults to the number of values in the batch.
        outputs: The shape of a value.
        **options: See `Metric`.

    Raises:
        ValueError: If the reduction is unknown, or the capacity is missing for `"none"` or given
            for another reduction.
    """

    rows: Buffer | None

    def __init__(
        self,
        *,
        reduction: str = "mean",
        capacity: int | None = None,
        outputs: tuple[int, ...] = (),
        **options: Unpack[Common],
    ):
        super().__init__(outputs, **options)
        one_of("reduction", reduction, REDUCTIONS)
        self.reduction = reduction
        if reduction == "sum":
            self.bounds = bounds_of_sum(self.bounds)
        keeps = reduction == "none"
        if keeps:
            self.weights_repeat = False
        self.rows = buffer_of_values(self, f"{reduction=}", keeps, capacity, outputs)

    def add(self, values: Any, sample_weight: Any = None, mask: Any = None) -> None:
        """Adds values; see `WeightedMean`."""
        if self.rows is None:
            super().add(values, sample_weight, mask)
            return
        values = as_numbers(values, self.dtype)
        outputs = self.total.high.shape
        batch = values.shape[: values.ndim - len(outputs)]
        included = weights(batch, sample_weight, mask) != 0
        rows = values.reshape(prod(batch), *outputs)
        self.rows = self.rows.extended(rows, included.reshape(-1))

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more values than the capacity; false without one."""
        return overflow_of(self.rows)

    def compute(self) -> Any:
        """The mean, the sum, or each value."""
        if self.rows is not None:
            return kept_values(self.rows)
        total: jax.Array = self.total.value
        return super().compute() if self.reduction == "mean" else total


def buffer_of_values(
    metric: Metric, option: str, keeps: bool, capacity: int | None, shape: tuple[int, ...] = ()
) -> Buffer | None:
    """The buffer of a metric that keeps the value of each example, or None.

    Args:
        metric: The metric.
        option: The option that decides whether values are kept, and its value.
        keeps: Whether values are kept.
        capacity: The maximum number.
        shape: The shape of a value.

    Raises:
        ValueError: If values are kept without a capacity, or a capacity is given but no values are
            kept.
    """
    if keeps != (capacity is not None):
        raise ValueError(
            f"{type(metric).__name__}({option}) got capacity={capacity}: "
            + (
                "it keeps the value of each example and needs a capacity, the maximum number of "
                "them."
                if keeps
                else "it keeps no values of examples, so leave the capacity out."
            )
        )
    return None if capacity is None else Buffer(capacity, shape, metric.dtype)


def kept_values(buffer: Buffer) -> jax.Array:
    """The values in a buffer, and NaN where there is none, or everywhere if it has overflowed."""
    valid = buffer.filled & ~buffer.overflowed
    shape = (-1, *[1] * (buffer.values.ndim - 1))
    return jnp.where(valid.reshape(shape), buffer.values, jnp.nan)


def overflow_of(buffer: Buffer | None) -> jax.Array:
    """Whether there were more values than the capacity."""
    return jnp.zeros((), bool) if buffer is None else buffer.overflowed


def function_of_values(
    metric: Any,
    number: Callable[[dict[str, Any]], int],
    keeps: Callable[[dict[str, Any]], Any] = lambda given: given.get("reduction") == "none",
    name: str | None = None,
) -> Any:
    """`functional`, where the capacity defaults to the number of values, if they are kept.

    Args:
        metric: The class.
        number: The number of values, from the arguments by name.
        keeps: Whether they are kept, from the arguments by name.
        name: The name of the function; None for the name of the metric.
    """

    def sizes(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
        return {"capacity": max(number(given), 1) if keeps(given) else None}

    return sized_function(metric, name, ["capacity"], sizes)


def number_of_examples(given: dict[str, Any]) -> int:
    """The length of the first axis of the target, or of the values."""
    first: Any = given.get("target", given.get("values"))
    return np.shape(first)[0]


def number_before(axes: int) -> Callable[[dict[str, Any]], int]:
    """The number of values, each computed from the last axes of the target, or of the values."""

    def number(given: dict[str, Any]) -> int:
        first: Any = given.get("target", given.get("values"))
        shape = np.shape(first)
        return prod(shape[: max(len(shape) - axes, 0)])

    return number
