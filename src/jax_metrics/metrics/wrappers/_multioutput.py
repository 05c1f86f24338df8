"""`Multioutput`: one metric for each output of a model."""

import functools
import operator
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.wrappers._structures import as_arrays, map_fitting, read
from jax_metrics.tree import copy


class Multioutput(Composite):
    """One metric for each output, along one axis of `target` and `preds`.

    `compute` returns the values along a new first axis. Other arguments, such as `mask`, are passed
    to all metrics.

    Args:
        metric: The metric; it is copied. With `on=`, it reads out of structures, whose arrays have
            the outputs.
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
        first = self.metrics[0]
        both = {"target": as_arrays(first, target), "preds": as_arrays(first, preds)}
        given = others if mask is None else {**others, "mask": mask}
        received = read(first, both | given)
        for name in both:
            for array in jax.tree.leaves(received[name]):
                if not self._has_outputs(array):
                    raise ValueError(
                        f"{name} of shape {array.shape} does not have num_outputs="
                        f"{len(self.metrics)} along axis {self.output_axis}; give another "
                        "`output_axis` or `num_outputs`."
                    )
        for index, metric in enumerate(self.metrics):
            arguments = given
            if self.remove_nans:
                outputs = jax.tree.leaves([self._output(received[name], index) for name in both])
                valid = ~functools.reduce(operator.or_, map(_has_nan, outputs))
                mask_ = valid & (weights(valid.shape, mask=mask) != 0)
                arguments = {**given, "mask": mask_}
            target_, preds_ = (self._output(x, index) for x in both.values())
            metric.update(target=target_, preds=preds_, **arguments)

    def _output(self, structure: Any, index: int) -> Any:
        """One output of each array of a structure."""

        def take(array: jax.Array) -> jax.Array:
            return jnp.take(array, index, self.output_axis)

        return map_fitting(self._has_outputs, take, structure)

    def _has_outputs(self, array: jax.Array) -> bool:
        axes = range(-array.ndim, array.ndim)
        return self.output_axis in axes and array.shape[self.output_axis] == len(self.metrics)

    def compute(self) -> jax.Array:
        """The values of the outputs, along the first axis."""
        return jax.tree.map(lambda *values: jnp.stack(values), *(m.compute() for m in self.metrics))


def _has_nan(x: jax.Array) -> jax.Array:
    """Which examples contain a NaN."""
    is_nan = jnp.isnan(x) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(x.shape, bool)
    return is_nan.any(tuple(range(1, x.ndim)))
