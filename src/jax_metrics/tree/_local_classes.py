"""Classes that a compact method defines in its body, again in each run.

The sub-tree of the first run keeps its class. For it to see the variables of the present run, the
functions of that class are given the values that the functions of the new class refer to. The new
class is never registered with JAX, which would keep it alive forever.
"""

import inspect
from types import CellType, CodeType, FunctionType
from typing import Any

from jax_metrics.tree._field import Field


def is_same_local_class(first: type, now: type) -> bool:
    """Whether two classes were made by the same class statement inside of a function."""
    return (
        "<locals>" in now.__qualname__
        and first.__qualname__ == now.__qualname__
        and first.__module__ == now.__module__
        and _codes(first) == _codes(now)
    )


def _codes(cls: type) -> dict[str, CodeType]:
    functions = {name: value for name, value in vars(cls).items() if inspect.isfunction(value)}
    return {name: inspect.unwrap(function).__code__ for name, function in functions.items()}


def update_local_class(first: type, now: type) -> None:
    """Lets the first class see what the new one refers to: variables, defaults, attributes."""
    for name, value in vars(now).items():
        known = vars(first).get(name)
        if isinstance(value, FunctionType) and isinstance(known, FunctionType):
            _update_function(known, value)
        elif not name.startswith("_") and not isinstance(value, Field) and known is not value:
            type.__setattr__(first, name, value)


def _update_function(first: FunctionType, now: FunctionType) -> None:
    first.__defaults__, first.__kwdefaults__ = now.__defaults__, now.__kwdefaults__
    names = first.__code__.co_freevars
    for name, cell, new in zip(names, first.__closure__ or (), now.__closure__ or (), strict=True):
        if name != "__class__" and cell is not new:  # `super()` needs the class of the object
            _update_cell(cell, new)


def _update_cell(cell: CellType, new: CellType) -> None:
    known, value = _contents(cell), _contents(new)
    both = isinstance(known, FunctionType) and isinstance(value, FunctionType)
    if both and known.__code__ is value.__code__:
        _update_function(known, value)
    elif value is not _EMPTY:
        cell.cell_contents = value


_EMPTY = object()


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the variable has no value yet
        return _EMPTY
