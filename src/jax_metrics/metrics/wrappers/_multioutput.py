"""`Multioutput`: one metric for each output of a model."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.tree import copy


class Multioutput(Composite):
    """One metric for each output, along one axis of `target` and `preds`.

    `compute` returns the values along a new first axis. Other arguments, such as `mask`, are passed
    to all metrics.

    Args:
        metric: The metric; it is copied.
        num_outputs: The number of outputs.
        output_axis: The axis of the outputs in `target` and `preds`.
        remove_nans: Whether to exclude examples from the outputs where their target or prediction
            is NaN; the metric must then take `mask`.

    Raises:
        ValueError: If `num_outputs` is smaller than 1, or not the size of the axis.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> multioutput = jm.metrics.Multioutput(jm.metrics.MeanSquaredError(), num_outputs=2)
        >>> multioutput(target=jnp.zeros((3, 2)), preds=jnp.array([[1.0, 2.0]] * 3))
        Array([1., 4.], dtype=float32)
    """

    metrics: list[Metric]

    def __init__(
        self,
        metric: Metric,
        *,
        num_outputs: int,
        output_axis: int = -1,
        remove_nans: bool = False,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        if num_outputs < 1:
            raise ValueError(f"num_outputs must be at least 1, but is {num_outputs}.")
        self.metrics = [copy(metric, arrays=True) for _ in range(num_outputs)]
        self.output_axis = output_axis
        self.remove_nans = remove_nans
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds

    def parts(self) -> list[Metric]:
        """One metric for each output."""
        return self.metrics

    @property
    def directions(self) -> Any:
        """The directions of the metric."""
        return self.metrics[0].directions

    def update(self, *, target: Any, preds: Any, mask: Any = None, **others: Any) -> Any:
        """Updates with a batch."""
        target, preds = jnp.asarray(target), jnp.asarray(preds)
        for name, array in (("target", target), ("preds", preds)):
            if array.shape[self.output_axis] != len(self.metrics):
                raise ValueError(
                    f"{name} of shape {array.shape} does not have num_outputs={len(self.metrics)} "
                    f"along axis {self.output_axis}; give another `output_axis` or `num_outputs`."
                )
        for index, metric in enumerate(self.metrics):
            target_, preds_ = (jnp.take(x, index, self.output_axis) for x in (target, preds))
            mask_ = mask
            if self.remove_nans:
                valid = ~(_has_nan(target_) | _has_nan(preds_))
                mask_ = valid & (weights(valid.shape, mask=mask) != 0)
            arguments = others if mask_ is None else {**others, "mask": mask_}
            metric.update(target=target_, preds=preds_, **arguments)

    def compute(self) -> jax.Array:
        """The values of the outputs, along the first axis."""
        return jax.tree.map(lambda *values: jnp.stack(values), *(m.compute() for m in self.metrics))


def _has_nan(x: jax.Array) -> jax.Array:
    """Which examples contain a NaN."""
    is_nan = jnp.isnan(x) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(x.shape, bool)
    return is_nan.any(tuple(range(1, x.ndim)))
