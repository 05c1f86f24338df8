"""`Expression`: arithmetic on metrics."""

import operator
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

    It holds copies of the metrics and updates each with the arguments that it takes. Whether a
    higher value is better is known for sums, differences, items and products with a number.

    `+` between two metrics of the same class and options merges them; write
    `Expression(operator.add, a, b)` to add their values.

    Args:
        function: Maps the values of the operands to the value.
        *operands: Metrics, and numbers or arrays.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> spread = jm.metrics.Max() - jm.metrics.Min()
        >>> float(spread(jnp.array([1.0, 5.0])))
        4.0
    """

    function: Callable[..., Any] = static()
    # Static, since `vmap` may give the state a new axis. None marks a metric.
    constants: tuple[Any, ...] = static()
    metrics: list[Metric]

    def __init__(self, function: Callable[..., Any], *operands: Any, **options: Unpack[Common]):
        super().__init__(**options)
        self.function = function
        self.metrics = [
            copy(operand, arrays=True) for operand in operands if isinstance(operand, Metric)
        ]
        self.constants = tuple(
            None if isinstance(operand, Metric) else _as_constant(operand) for operand in operands
        )
        self.higher_is_better = _direction(function, operands)

    def __bool__(self) -> bool:
        raise TypeError(
            "An expression of metrics, such as `a > b`, is a metric, and neither true nor false. "
            "Compare values, as in `if a.compute() > b.compute()`."
        )

    def parts(self) -> list[Metric]:
        """The operands that are metrics."""
        return self.metrics

    def compute(self) -> Any:
        """The function of the values so far."""
        values = iter([metric.compute() for metric in self.metrics])
        operands = (next(values) if value is None else value for value in self.constants)
        return self.function(*operands)


_SIGNS: dict[Any, tuple[int, ...]] = {
    operator.add: (1, 1),
    operator.sub: (1, -1),
    operator.neg: (-1,),
    operator.getitem: (1, 0),
}


def _direction(function: Callable[..., Any], operands: tuple[Any, ...]) -> bool | None:
    """Whether a higher value is better; None if that is not known, or the operands disagree."""
    signs = _SIGNS.get(function)
    if function in (operator.mul, operator.truediv):
        signs = _signs_of_product(operands, is_quotient=function is operator.truediv)
    if signs is None or len(signs) != len(operands):
        return None
    directions = set()
    for operand, sign in zip(operands, signs, strict=True):
        if isinstance(operand, Metric):
            better = operand.higher_is_better
            directions.add(better if better is None or sign > 0 else not better)
    return directions.pop() if len(directions) == 1 else None


def _signs_of_product(operands: tuple[Any, ...], is_quotient: bool) -> tuple[int, ...] | None:
    numbers = [x for x in operands if isinstance(x, int | float)]
    if len(numbers) != 1 or not numbers[0] or (is_quotient and numbers[0] is operands[0]):
        return None
    return (1, 1) if numbers[0] > 0 else (-1, -1)


def _as_constant(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, jax.Array) else value
