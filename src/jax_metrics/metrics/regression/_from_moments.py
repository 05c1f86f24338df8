"""`FromMoments`: the base of metrics computed from means, variances and covariances."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair, subtract
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_numbers, weights
from jax_metrics.metrics.regression._outputs import (
    MULTIOUTPUT,
    Multioutput,
    averaged_outputs,
    checked_multioutput,
    outputs_shape,
    rows_of_outputs,
)
from jax_metrics.metrics.state import Moments, Scaled

EXPLAINED = (*MULTIOUTPUT, "variance_weighted")


class MomentsOptions(Common, total=False):
    """The options of `FromMoments`."""

    num_outputs: int | None
    multioutput: Multioutput


class FromMoments(Metric):
    """The base of metrics computed from means, variances and covariances of two variables.

    The variables are target and predictions unless a subclass defines `variables`.

    Args:
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`; if None,
            `target` and `preds` are `[batch]`.
        multioutput: How the values of outputs are averaged: `"raw_values"`, the default, returns
            all of them, `[num_outputs]`, `"uniform_average"` their mean; or the weight of each.
        **options: See `Metric`.
    """

    moments: Moments

    def __init__(
        self,
        *,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.multioutput = checked_multioutput(multioutput, MULTIOUTPUT, num_outputs)
        self.moments = Moments(2, outputs_shape(num_outputs), self.dtype)

    def variables(self, target: jax.Array, preds: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The two variables."""
        return target, preds

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        shape = pair(target, preds)[0].shape
        outputs = self.moments.count.high.shape
        rows_of_outputs(shape, outputs)
        # `Moments` centres integers before it rounds them.
        target, preds = as_numbers(target, self.dtype), as_numbers(preds, self.dtype)
        columns = [x.reshape(-1, *outputs) for x in self.variables(target, preds)]
        weight = None
        if sample_weight is not None or mask is not None:
            weight = weights(shape, sample_weight, mask, self.dtype).reshape(-1, *outputs)
        self.moments = self.moments.updated_by_columns(columns, weight)

    @property
    def count(self) -> jax.Array:
        """The sum of the weights."""
        return self.moments.count.value

    @property
    def squares(self) -> tuple[Scaled, Scaled]:
        """The sums of squared deviations of both from their means."""
        first, second = self.moments.squares
        return first, second


class FromErrors(FromMoments):
    """The base of metrics of the errors `target - preds` relative to the spread of the target.

    The second variable is the error, not the prediction: its square stays accurate under an offset.
    """

    def variables(self, target: jax.Array, preds: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Targets and errors."""
        return target, subtract(target, preds).astype(self.dtype)

    @property
    def squared_errors(self) -> Scaled:
        """The sums of squared errors."""
        return self.squares[1].plus(Scaled.square(self.moments.mean[..., 1]).times(self.count))


class Explained(FromErrors):
    """The base of scores that are the explained fraction of the spread of the target.

    Args:
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`; if None,
            `target` and `preds` are `[batch]`.
        multioutput: How the scores of outputs are averaged: `"uniform_average"`,
            `"variance_weighted"`, which weights each by the variance of its target, `"raw_values"`,
            which returns all of them, `[num_outputs]`, or the weight of each.
        **options: See `Metric`.
    """

    higher_is_better = True
    bounds = (None, 1)

    def __init__(
        self,
        *,
        num_outputs: int | None = None,
        multioutput: Multioutput = "uniform_average",
        **options: Unpack[Common],
    ):
        super().__init__(num_outputs=num_outputs, **options)
        self.multioutput = checked_multioutput(multioutput, EXPLAINED, num_outputs)

    def explained(self, unexplained: Scaled) -> jax.Array:
        """`1 - unexplained / squares of the target`; NaN before the first update.

        For a constant target, it is 1 if `unexplained` is 0, else 0.
        """
        spread, _ = self.squares
        is_constant, rest = spread.fraction == 0, unexplained.fraction
        score = 1 - unexplained.over(spread).value
        score = jnp.where(is_constant, jnp.where(rest == 0, 1, 0 * rest), score)
        return jnp.where(self.count == 0, jnp.nan, score)

    def averaged(self, scores: jax.Array) -> jax.Array:
        """The scores of the outputs, averaged per `multioutput`."""
        if self.multioutput != "variance_weighted" or scores.ndim == 0:
            return averaged_outputs(scores, self.multioutput)
        spread, _ = self.squares
        exponent = spread.exponent - spread.exponent.max(-1, keepdims=True)
        variance = jnp.ldexp(spread.fraction / self.count, exponent)
        total = variance.sum(-1)
        fraction = variance / jnp.where(total == 0, 1, total)
        weighted = jnp.where(fraction == 0, 0, scores * fraction).sum(-1)
        return jnp.where(total == 0, scores.mean(-1), weighted)
