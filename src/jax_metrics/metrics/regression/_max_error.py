"""The largest error."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.losses import absolute_error
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.regression._outputs import (
    MULTIOUTPUT,
    Multioutput,
    averaged_outputs,
    checked_multioutput,
    ends_with_outputs,
    outputs_shape,
)
from jax_metrics.metrics.state import state


class MaxError(Metric):
    """The largest `|target - preds|`; NaN before the first update.

    Elements of weight zero are ignored; other weights make no difference.

    Args:
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`, each with
            its own value; if None, there is one value for all elements.
        multioutput: How the values of outputs are averaged: `"raw_values"`, the default, returns
            all of them, `[num_outputs]`, `"uniform_average"` their mean; or the weight of each.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0]), jnp.array([1.5, 4.0])
        >>> float(jm.metrics.MaxError()(target=target, preds=preds))
        2.0
        >>> float(jm.metrics.max_error(target, preds, mask=jnp.array([True, False])))
        0.5
    """

    higher_is_better = False
    bounds = (0, None)
    largest: jax.Array = state("max")

    def __init__(
        self,
        *,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.multioutput = checked_multioutput(multioutput, MULTIOUTPUT, num_outputs)
        self.largest = jnp.full(outputs_shape(num_outputs), -jnp.inf, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        error = absolute_error(target, preds).astype(self.dtype)
        ends_with_outputs(error.shape, self.largest.shape)
        weight = weights(error.shape, sample_weight, mask)
        axes = tuple(range(error.ndim - self.largest.ndim))
        largest = where_weighted(error, weight, -jnp.inf).max(axes, initial=-jnp.inf)
        self.largest = jnp.maximum(self.largest, largest)

    def compute(self) -> jax.Array:
        """The largest error."""
        largest = jnp.where(self.largest < 0, jnp.nan, self.largest)
        return averaged_outputs(largest, self.multioutput)


max_error = functional(MaxError)
