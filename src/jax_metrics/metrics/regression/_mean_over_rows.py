"""`MeanOverRows`: the base of metrics with one value for each row."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from jax_metrics.metrics._function_types import Comparing, Comparison
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._reduced_mean import (
    ReducedMean,
    ReducedOptions,
    function_of_values,
    number_before,
)

RowOptions = ReducedOptions
P = ParamSpec("P")
V = TypeVar("V")


class MeanOverRows(ReducedMean, MeanOf):
    """The base of metrics with one value for each row along the last axis.

    Args:
        **options: `reduction` and `capacity`, as in `ReducedMean`.
    """


def function_over_rows(metric: Callable[P, Comparing[V]]) -> Comparison[P, V]:
    """`functional`, where the capacity defaults to the number of rows, if values are kept."""
    return function_of_values(metric, number_before(1))
