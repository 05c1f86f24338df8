"""`FromRows`: the base of metrics that need all rows at once, such as ranks and medians."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._sized_function import renamed
from jax_metrics.metrics.inputs import as_exact, weights
from jax_metrics.metrics.regression._outputs import (
    MULTIOUTPUT,
    Multioutput,
    averaged_outputs,
    checked_multioutput,
    outputs_shape,
    rows_of_outputs,
)
from jax_metrics.metrics.state import Buffer


class RowsOptions(Common, total=False):
    """The options of `FromRows`, without the capacity."""

    num_outputs: int | None
    multioutput: Multioutput


class FromRows(Metric):
    """The base of metrics that need all rows at once, and keep them up to a capacity.

    A subclass defines `score`. A sample weight of n counts as n examples; rows of weight zero are
    not kept. With more rows than the capacity, `overflowed` is true and the value is NaN, since a
    value of the kept rows alone would look right. Rows are compared with each other, so integers
    that floats would round are refused.

    Args:
        capacity: The maximum number of rows. The memory is allocated at once, so that shapes never
            change. The function defaults to the number of rows in the batch.
        num_outputs: The number of outputs along the last axis of `[..., num_outputs]`, each with
            its own value; if None, `target` and `preds` are `[batch]`.
        multioutput: How the values of outputs are averaged: `"raw_values"`, the default, returns
            all of them, `[num_outputs]`, `"uniform_average"` their mean; or the weight of each.
        **options: See `Metric`.

    Raises:
        ValueError: If the capacity is less than 1.
    """

    rows: Buffer
    rounding_hint = "Subtract a constant from all of them."

    def __init__(
        self,
        *,
        capacity: int,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.multioutput = checked_multioutput(multioutput, MULTIOUTPUT, num_outputs)
        self.rows = Buffer(capacity, (3, *outputs_shape(num_outputs)), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        numbers = pair(target, preds)
        shape, outputs = numbers[0].shape, self.rows.values.shape[2:]
        rows_of_outputs(shape, outputs)
        weight = weights(shape, sample_weight, mask, self.dtype)
        target, preds = (
            as_exact(values, number.dtype, weight, name, self.rounding_hint)
            for values, number, name in zip(
                (target, preds), numbers, ("target", "preds"), strict=True
            )
        )
        target = target + self.fault(target, preds, weight)
        columns = (jnp.where(weight != 0, x, 0) for x in (target, preds, weight))
        rows = jnp.stack([x.astype(self.dtype).reshape(-1, *outputs) for x in columns], 1)
        included = (rows[:, 2] != 0).any(tuple(range(1, rows.ndim - 1)))
        unmasked = sample_weight is None and mask is None
        self.rows = self.rows.extended(rows, None if unmasked else included)

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """0, or NaN if there are values that the score is not defined for; see `check`."""
        return 0

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more rows than the capacity."""
        return self.rows.overflowed

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """The value of one output, from arrays `[capacity]`; rows of weight 0 are ignored."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def compute(self) -> Any:
        """The value; NaN if there were more rows than the capacity."""
        target, preds, weight = jnp.moveaxis(self.rows.values, 1, 0)
        score = jax.vmap(self.score, -1) if target.ndim > 1 else self.score
        value = score(target, preds, weight)
        has_nan = jnp.isnan(self.rows.values).any((0, 1))
        missing = self.overflowed | has_nan
        value = jax.tree.map(lambda one: jnp.where(missing, jnp.nan, one), value)
        if self.multioutput == "raw_values":  # which may be a tuple of several values
            return value
        return averaged_outputs(value, self.multioutput)


def all_same(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Whether all values of nonzero weight are the same number."""
    included = weight != 0
    largest = jnp.where(included, values, -jnp.inf).max()
    return largest == jnp.where(included, values, jnp.inf).min()


class RowsFunction(Protocol):
    """The function of a metric of rows, without further options."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        capacity: int | None = None,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
    ) -> jax.Array:
        """The value of one batch."""
        ...


def function_of_rows(metric: type[FromRows], name: str | None = None) -> Any:
    """`functional`, where the capacity defaults to the number of rows in the batch."""
    inner: Any = functional(metric, name)

    def function(target: Any, preds: Any, **options: Any) -> Any:
        if options.get("capacity") is None:
            rows = jnp.size(target) // (options.get("num_outputs") or 1)
            options["capacity"] = max(rows, 1)
        return inner(target, preds, **options)

    parameters = [
        parameter.replace(default=None) if parameter.name == "capacity" else parameter
        for parameter in inner.__signature__.parameters.values()
    ]
    return renamed(function, inner, parameters)
