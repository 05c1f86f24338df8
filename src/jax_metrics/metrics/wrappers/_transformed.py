"""`Transformed`: a metric of transformed arguments."""

from collections.abc import Callable, Mapping
from typing import Any

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._lists import holds_list
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics._routing import Inputs
from jax_metrics.tree import copy, static


class Transformed(Composite):
    """A metric of transformed arguments.

    Args:
        metric: The metric; it is copied.
        name: Its name in logs, by default the name of the metric.
        **functions: A function for each argument to transform.

    Raises:
        TypeError: If the metric does not take such an argument.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mse = jm.metrics.Transformed(jm.metrics.MeanSquaredError(), preds=jnp.exp)
        >>> float(mse(target=jnp.array([1.0]), preds=jnp.array([0.0])))
        0.0
    """

    metric: Metric
    functions: dict[str, Callable[[Any], Any]] = static()

    def __init__(
        self, metric: Metric, *, name: str | None = None, **functions: Callable[[Any], Any]
    ):
        super().__init__(name=metric.name if name is None else name)
        accepted = metric.signature.parameters
        for argument in functions:
            if argument not in accepted:
                raise TypeError(
                    f"{type(metric).__name__} takes no {argument!r}; it takes "
                    f"{', '.join(accepted)}."
                )
        self.metric = copy(metric, arrays=True)
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        self.plot_form = metric.plot_form
        self.functions = functions

    def parts(self) -> list[Metric]:
        """The metric."""
        return [self.metric]

    @property
    def directions(self) -> Any:
        """The directions of the metric."""
        return self.metric.directions

    def update(self, **arguments: Any) -> Any:
        """Updates with a batch."""
        self.metric.update(**self._transformed(arguments))

    def _transformed(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        functions = self.functions
        return {n: functions[n](v) if n in functions else v for n, v in arguments.items()}

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return inputs

    def _updates_by_parts(self, inputs: Inputs) -> bool:
        return holds_list(inputs[1].values()) and bool(self._preparations())

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        return super()._number_of_examples(self._transformed(inputs))

    def compute(self) -> Any:
        """The value of the metric."""
        return self.metric.compute()
