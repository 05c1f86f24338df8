"""`MeanError`: the base of metrics that are the mean of elementwise errors."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import pair
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.regression._outputs import (
    MULTIOUTPUT,
    Multioutput,
    averaged_outputs,
    checked_multioutput,
    ends_with_outputs,
    outputs_shape,
)


class MeanErrorOptions(Common, total=False):
    """The options of `MeanError`."""

    num_outputs: int | None
    multioutput: Multioutput


class MeanError(MeanOf):
    """The base of metrics that are the mean of elementwise errors.

    A subclass defines `values`, `fault` if only some numbers are valid, and `each` if the value of
    an output is not the mean itself.

    Args:
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`, each with
            its own mean; if None, there is one mean of all elements.
        multioutput: How the values of outputs are averaged: `"raw_values"`, the default, returns
            all of them, `[num_outputs]`, `"uniform_average"` their mean; or the weight of each.
        **options: See `Metric`.

    Raises:
        ValueError: If `multioutput` is unknown, or its weights do not fit `num_outputs`.
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(
        self,
        *,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
        **options: Unpack[Common],
    ):
        super().__init__(outputs_shape(num_outputs), **options)
        self.multioutput = checked_multioutput(multioutput, MULTIOUTPUT, num_outputs)

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
        """0, or NaN if a number with nonzero weight is invalid; see `check`."""
        return 0.0

    def each(self) -> jax.Array:
        """The value of each output, or the only one."""
        return super().compute()

    def compute(self) -> jax.Array:
        """The value, or one for each output."""
        return averaged_outputs(self.each(), self.multioutput)
