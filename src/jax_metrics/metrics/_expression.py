"""`Expression`: arithmetic on metrics."""

from collections.abc import Callable
from typing import Any, Unpack

import jax
import numpy as np

from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._operators import returned_by_operators
from jax_metrics.tree import copy, static


@returned_by_operators
class Expression(Composite):
    """A function of the values of metrics, itself a metric: `2 * a + b`, `a / b`, `a[0]`.

    It has copies of the metrics, and updates each with those arguments that it takes.

    `+` between two metrics of the same class and options means merging them; write
    `Expression(operator.add, a, b)` where you want to add their values.

    Args:
        function: Maps the values to one.
        *operands: Metrics, and numbers or arrays.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> spread = jm.metrics.Max() - jm.metrics.Min()
        >>> float(spread(jnp.array([1.0, 5.0])))
        4.0
    """

    function: Callable[..., Any] = static()
    # Part of the program, not of the state, which `vmap` may give a new axis. None stands for a
    # metric.
    constants: tuple[Any, ...] = static()
    metrics: list[Metric]

    def __init__(self, function: Callable[..., Any], *operands: Any, **options: Unpack[Common]):
        super().__init__(**options)
        self.function = function
        self.metrics = [copy(one) for one in operands if isinstance(one, Metric)]
        self.constants = tuple(
            None if isinstance(one, Metric) else _as_constant(one) for one in operands
        )

    def parts(self) -> list[Metric]:
        """The operands that are metrics."""
        return self.metrics

    def compute(self) -> Any:
        """The function of the values so far."""
        values = iter([metric.compute() for metric in self.metrics])
        return self.function(*(next(values) if one is None else one for one in self.constants))


def _as_constant(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, jax.Array) else value
