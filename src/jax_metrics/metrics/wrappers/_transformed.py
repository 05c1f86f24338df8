"""`Transformed`: a metric of transformed arguments."""

from collections.abc import Callable
from typing import Any

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Metric
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
        transformed = {n: self.functions[n](v) for n, v in arguments.items() if n in self.functions}
        self.metric.update(**{**arguments, **transformed})

    def compute(self) -> Any:
        """The value of the metric."""
        return self.metric.compute()
