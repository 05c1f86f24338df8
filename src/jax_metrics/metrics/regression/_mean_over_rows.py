"""`MeanOverRows`: the base of metrics with one value for each row."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import one_of
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common

REDUCTIONS = ("mean", "sum")


class MeanOverRows(MeanOf):
    """The base of metrics with one value for each row along the last axis.

    Args:
        reduction: `"mean"` over the rows, NaN before the first update, or `"sum"`.
        **options: See `Metric`.
    """

    def __init__(self, *, reduction: str = "mean", **options: Unpack[Common]):
        super().__init__(**options)
        one_of("reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def compute(self) -> Any:
        """The mean or the sum."""
        total: jax.Array = self.total.value
        return super().compute() if self.reduction == "mean" else total
