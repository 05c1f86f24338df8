"""`MeanError`: the base of metrics that are the mean of an error of each element."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import pair
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.regression._outputs import ends_with_outputs, outputs_shape


class MeanError(MeanOf):
    """The base of metrics that are the mean of an error of each element.

    A subclass defines `values`, and `fault` if not all numbers are allowed.

    Args:
        num_outputs: With a number, the last axis of `[..., num_outputs]` is kept, each output with
            a mean of its own; else all elements go into one.
        **options: Those of every metric.
    """

    higher_is_better = False

    def __init__(self, *, num_outputs: int | None = None, **options: Unpack[Common]):
        super().__init__(outputs_shape(num_outputs), **options)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in: `target` and `preds` of one shape, `[batch, ...]`."""
        target, preds = pair(target, preds)
        ends_with_outputs(target.shape, self.total.high.shape)
        weight = weights(target.shape, sample_weight, mask)
        fault = self.fault(target, preds, weight)
        self.add(self.values(target, preds) + fault, sample_weight, mask)

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """0, or NaN where numbers that count are not allowed; see `check`."""
        return 0.0
