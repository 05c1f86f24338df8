"""`MeanError`: the base of metrics that are the mean of elementwise errors."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import pair
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.regression._outputs import ends_with_outputs, outputs_shape


class MeanError(MeanOf):
    """The base of metrics that are the mean of elementwise errors.

    A subclass defines `values`, and `fault` if only some numbers are valid.

    Args:
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`, each with
            its own mean; if None, there is one mean of all elements.
        **options: See `Metric`.
    """

    higher_is_better = False

    def __init__(self, *, num_outputs: int | None = None, **options: Unpack[Common]):
        super().__init__(outputs_shape(num_outputs), **options)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape, `[batch, ...]`."""
        numbers = pair(target, preds)
        ends_with_outputs(numbers[0].shape, self.weight.high.shape)
        weight = weights(numbers[0].shape, sample_weight, mask)
        fault = self.fault(*numbers, weight)
        self.add(self.values(target, preds) + fault, sample_weight, mask)

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """0, or NaN if a number of nonzero weight is invalid; see `check`."""
        return 0.0
