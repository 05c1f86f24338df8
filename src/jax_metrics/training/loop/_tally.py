"""`Tally`: the means of losses, and the metrics, since the last row of the logs."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics import Mean, Metric, Metrics
from jax_metrics.training.loop._names import joined
from jax_metrics.training.loop._objective import Objective, Outcome, outcome_of
from jax_metrics.training.loop._placement import replicated
from jax_metrics.tree import Tree, copy


class Tally(Tree):
    """Accumulates what a row of the logs reports.

    Args:
        metrics: The metrics, or None; what they were updated with before does not count.
        logs: The names of the values that modules log.

    Raises:
        ValueError: If one of them is called `loss`, like the loss of which they may be a part.
    """

    means: dict[str, Mean]
    metrics: Metrics | None

    def __init__(self, metrics: Metrics | None, logs: Any):
        names = joined(the_loss={"loss": None}, a_field_of_a_module=dict.fromkeys(logs))
        self.means = {name: Mean() for name in names}
        self.metrics = None if metrics is None else copy(metrics, arrays=True).reset()

    @classmethod
    def of(
        cls, objective: Objective, model: Any, batch: Any, mask_name: str, metrics: Metrics | None
    ) -> "Tally":
        """A tally of no batch for a model and an objective, on their devices."""

        def run(model: Any, batch: Any) -> Any:
            return outcome_of(objective, model, batch, mask_name), model  # with its new state

        outcome, _ = jax.eval_shape(run, model, batch)
        return replicated(cls(metrics, outcome.logs), like=(model, batch))

    def add(self, outcome: Outcome) -> "Tally":
        """A tally with one more batch, which counts by its weight."""
        tally = copy(self)
        values = {"loss": outcome.mean, **outcome.logs}
        for name, value in values.items():
            mean = copy(self.means[name])
            tally.means = {
                **tally.means,
                name: mean.update(values=value, sample_weight=outcome.weight),
            }
        if tally.metrics is not None:
            tally.metrics = copy(tally.metrics).update(**outcome.arguments)
        return tally

    def values(self) -> dict[str, jax.Array]:
        """The value of each mean and metric by name; metrics may have arrays of any shape.

        Raises:
            ValueError: If a metric has the name of a mean.
        """
        means = {name: mean.compute() for name, mean in self.means.items()}
        metrics = {} if self.metrics is None else self.metrics.compute()
        return joined(a_loss_or_a_field_of_a_module=means, a_metric=metrics)


def as_metrics(metrics: Any) -> Metrics | None:
    """The metrics as a collection.

    Raises:
        TypeError: If they are none, or cannot be compiled.
    """
    if metrics is None:
        return None
    collection = metrics if isinstance(metrics, Metrics) else Metrics(metrics)
    if not collection.jittable:
        names = [name for name, metric in collection.items() if not _is_jittable(metric)]
        raise TypeError(
            f"The metric {names[0]!r} cannot be compiled into the steps. Update it in a loop of "
            "your own over `jm.training.batches`."
        )
    return collection


def _is_jittable(metric: Metric) -> bool:
    return metric.jittable


def scalars(values: dict[str, Any]) -> dict[str, jax.Array]:
    """The values that a row of the logs can have: those with one element and a real number."""
    return {name: jnp.reshape(value, ()) for name, value in values.items() if is_real_scalar(value)}


def is_real_scalar(value: Any) -> bool:
    """Whether a value is one real number or boolean, in a Python object or an array of any rank."""
    if isinstance(value, int | float):
        return True
    if not isinstance(value, jax.Array | np.ndarray | np.generic) or value.size != 1:
        return False
    kinds = (jnp.bool, jnp.integer, jnp.floating)
    return any(jnp.issubdtype(value.dtype, kind) for kind in kinds)
