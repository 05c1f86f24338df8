"""`Multitask`: one metric for each task of a model."""

from collections.abc import Mapping
from typing import Any, Unpack

from jax_metrics.metrics._composite import Composite, check_accepted
from jax_metrics.metrics._lists import holds_list
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._routing import Inputs
from jax_metrics.tree import copy


class Multitask(Composite):
    """One metric for each task; each argument is a dict with an entry for each task.

    An argument that is not a dict, such as a common mask, is passed to each task that takes it.

    Args:
        tasks: A metric, or a collection of metrics, for each task; they are copied.

    Raises:
        ValueError: If there are no tasks, or a dict has no entry for a task.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> tasks = jm.metrics.Multitask(
        ...     {"age": jm.metrics.MeanSquaredError(), "sick": jm.metrics.Precision()}
        ... )
        >>> value = tasks(
        ...     target={"age": jnp.array([30.0]), "sick": jnp.array([1])},
        ...     preds={"age": jnp.array([32.0]), "sick": jnp.array([0.8])},
        ... )
        >>> {task: float(score) for task, score in value.items()}
        {'age': 4.0, 'sick': 1.0}
    """

    metrics: list[Metric]

    def __init__(self, tasks: Mapping[str, Metric], **options: Unpack[Common]):
        super().__init__(**options)
        if not tasks:
            raise ValueError("Multitask needs at least one task, as in `Multitask({'age': ...})`.")
        self.tasks = tuple(tasks)
        self.metrics = [copy(metric, arrays=True) for metric in tasks.values()]
        self.higher_is_better = self._common("higher_is_better")
        self.bounds = self._common("bounds")

    def parts(self) -> list[Metric]:
        """One metric for each task."""
        return self.metrics

    @property
    def directions(self) -> dict[str, Any]:
        """Whether a higher value is better, by task."""
        return {t: m.directions for t, m in zip(self.tasks, self.metrics, strict=True)}

    def update(self, **arguments: Any) -> Any:
        """Updates with a batch."""
        check_accepted(self, arguments)
        for task, metric in zip(self.tasks, self.metrics, strict=True):
            accepted = metric.signature.parameters
            given = {n: _entry_of(n, value, task) for n, value in arguments.items()}
            metric.update(**{n: v for n, v in given.items() if n in accepted})

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs

    def _updates_by_parts(self, inputs: Inputs) -> bool:
        return holds_list(inputs[1].values()) and bool(self._preparations())

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        for task, metric in zip(self.tasks, self.metrics, strict=True):
            accepted = metric.signature.parameters
            given = {n: _entry_of(n, v, task) for n, v in inputs.items() if n in accepted}
            number = metric._number_of_examples(metric._unprepared((), given)[1])
            if number is not None:
                return number
        return None

    def compute(self) -> dict[str, Any]:
        """The value of each task by name."""
        return {t: m.compute() for t, m in zip(self.tasks, self.metrics, strict=True)}


def _entry_of(name: str, value: Any, task: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if task not in value:
        raise ValueError(
            f"{name} has no entry for the task {task!r}; it has {', '.join(map(repr, value))}."
        )
    return value[task]
