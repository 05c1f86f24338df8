"""`Multioutput`: a metric for each output of a model."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.tree import copy


class Multioutput(Composite):
    """A metric for each output, which `target` and `preds` have along one axis.

    `compute` gives the values along a new first axis. Other arguments, such as `mask`, go to all.

    Args:
        metric: The metric; it is copied.
        num_outputs: How many outputs there are.
        output_axis: The axis of `target` and `preds` that they lie along.
        remove_nans: Whether an example counts for an output only if neither its target nor its
            prediction is NaN there; the metric must then take `mask`.

    Raises:
        ValueError: If the axis has another size.

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
        self.metrics = [copy(metric) for _ in range(num_outputs)]
        self.output_axis = output_axis
        self.remove_nans = remove_nans
        self.higher_is_better = metric.higher_is_better

    def parts(self) -> list[Metric]:
        """One metric for each output."""
        return self.metrics

    def update(self, *, target: Any, preds: Any, mask: Any = None, **others: Any) -> Any:
        """Takes a batch in."""
        target, preds = jnp.asarray(target), jnp.asarray(preds)
        for name, array in (("target", target), ("preds", preds)):
            if array.shape[self.output_axis] != len(self.metrics):
                raise ValueError(
                    f"{name} of shape {array.shape} has not num_outputs={len(self.metrics)} along "
                    f"axis {self.output_axis}; give another `output_axis` or `num_outputs`."
                )
        for index, metric in enumerate(self.metrics):
            one, other = (jnp.take(x, index, self.output_axis) for x in (target, preds))
            shown = mask
            if self.remove_nans:
                there = ~(_is_nan(one) | _is_nan(other))
                shown = there & (weights(there.shape, mask=mask) != 0)
            more = others if shown is None else {**others, "mask": shown}
            metric.update(target=one, preds=other, **more)

    def compute(self) -> jax.Array:
        """The values of the outputs, along the first axis."""
        return jax.tree.map(lambda *values: jnp.stack(values), *(m.compute() for m in self.metrics))


def _is_nan(x: jax.Array) -> jax.Array:
    """Which examples hold a NaN."""
    missing = jnp.isnan(x) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(x.shape, bool)
    return missing.any(tuple(range(1, x.ndim)))
