"""The operators of metrics: `2 * a + b` is a metric too."""

import operator
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import jax

from jax_metrics.tree import layout_of

C = TypeVar("C", bound=type)


class Operators:
    """Operators that combine metrics.

    `+` between two metrics of the same class and options merges them, as `merge_state` does.
    Everything else returns an instance of the class that `returned_by_operators` decorates.
    """

    # NumPy would apply the operator to each of its elements.
    __array_ufunc__ = None
    _expression: ClassVar[type[Any]]  # a metric made of a function and its operands
    _merged: Callable[[Any], Any]  # a metric that has the states of both

    def __add__(self, other: Any) -> Any:
        if type(self) is type(other) and not isinstance(self, Operators._expression):
            return self._merged(other)
        return Operators._expression(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return Operators._expression(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return Operators._expression(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return Operators._expression(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return Operators._expression(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return Operators._expression(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return Operators._expression(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return Operators._expression(operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return Operators._expression(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return Operators._expression(operator.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return Operators._expression(operator.mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return Operators._expression(operator.mod, other, self)

    def __pow__(self, other: Any) -> Any:
        return Operators._expression(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return Operators._expression(operator.pow, other, self)

    def __lt__(self, other: Any) -> Any:
        return Operators._expression(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return Operators._expression(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return Operators._expression(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return Operators._expression(operator.ge, self, other)

    def __neg__(self) -> Any:
        return Operators._expression(operator.neg, self)

    def __abs__(self) -> Any:
        return Operators._expression(operator.abs, self)

    def __getitem__(self, key: Any) -> Any:
        return Operators._expression(operator.getitem, self, key)

    # Python would iterate by `__getitem__` with 0, 1, 2 and so on, which never raises an
    # IndexError: `in` and unpacking would not stop.
    __iter__ = None


def returned_by_operators(cls: C) -> C:
    """Class decorator: the operators of metrics return instances of this class.

    Its instances are metrics themselves. So it can only be defined after `Metric`, which has the
    operators, and registers itself here.
    """
    Operators._expression = cls
    return cls


def check_same_options(one: Any, other: Any) -> None:
    """Checks that two metrics of a class can be merged.

    Raises:
        ValueError: If their options differ.
    """
    if jax.tree.structure(one) == jax.tree.structure(other):
        return
    known = dict(layout_of(other).statics())
    differing = [
        f"{name} is {value!r} and {known[name]!r}"
        for name, value in layout_of(one).statics()
        if name in known and repr(value) != repr(known[name])
    ]
    raise ValueError(
        f"`merge_state` and `+` merge two {type(one).__name__}, but their options differ: "
        f"{'; '.join(differing) or 'those of the metrics inside'}. Create both with the same "
        "options. To add their values, write `jm.metrics.Expression(operator.add, a, b)`."
    )
