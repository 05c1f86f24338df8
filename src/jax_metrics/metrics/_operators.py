"""The operators of metrics: `2 * a + b` is a metric too."""

import operator
from collections.abc import Callable
from typing import Any


class Operators:
    """Makes expressions of metrics.

    `+` between two metrics of the same class and options merges them, as `merge_state` does. All
    else gives an `Expression`.
    """

    _merged: Callable[[Any], Any]  # what `merge_state` takes the states of

    def __add__(self, other: Any) -> Any:
        from jax_metrics.metrics._expression import Expression, merges

        if merges(self, other):
            return self._merged(other)
        return Expression(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _expression(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _expression(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _expression(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _expression(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _expression(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _expression(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _expression(operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _expression(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _expression(operator.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return _expression(operator.mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _expression(operator.mod, other, self)

    def __pow__(self, other: Any) -> Any:
        return _expression(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _expression(operator.pow, other, self)

    def __lt__(self, other: Any) -> Any:
        return _expression(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _expression(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _expression(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _expression(operator.ge, self, other)

    def __neg__(self) -> Any:
        return _expression(operator.neg, self)

    def __abs__(self) -> Any:
        return _expression(operator.abs, self)

    def __getitem__(self, key: Any) -> Any:
        return _expression(operator.getitem, self, key)

    # Without it `in` and unpacking would count up keys without end.
    __iter__ = None


def _expression(function: Any, *operands: Any) -> Any:
    # Metrics have these operators and expressions are metrics: only a late import unties that.
    from jax_metrics.metrics._expression import Expression

    return Expression(function, *operands)
