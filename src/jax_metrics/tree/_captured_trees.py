"""Rejects functions in fields that refer to the object that they are assigned to.

To JAX such a function is a constant: the parameters that it reaches through the object are never
traced, so they get no gradient, and a copy of the object calls the original.
"""

import functools
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._errors import StaticFieldError

_FUNCTIONS = (FunctionType, MethodType, functools.partial)


def check_captured(tree: Any, name: str, value: Any) -> None:
    """Raises if a value about to be assigned is a function over the object, or over part of it."""
    if not isinstance(value, _FUNCTIONS):
        return
    for captured in _captured_trees(value, set()):
        own = captured is tree or any(part is captured for part in tree.__dict__.values())
        if own or isinstance(value, MethodType):
            cls = type(tree).__name__
            kind = {MethodType: "bound method", functools.partial: "partial"}.get(
                type(value), "function"
            )
            raise StaticFieldError(
                f"{cls}.{name} would hold a {kind} that refers to "
                f"{'the object itself' if captured is tree else f'a {type(captured).__name__}'}. "
                "JAX takes it for a constant: what it computes with would get no gradient, and "
                f"copies of the {cls} would share it. Write a method, `def {name}(self, ...)`, or "
                f"keep the module in the field and call it: `self.{name} = module`."
            )


def _captured_trees(value: Any, seen: set[int]) -> Iterator[Any]:
    """The Trees that a function refers to: as `self`, as an argument, or in its closure."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if type(value) in TREE_TYPES:
        yield value
    elif isinstance(value, MethodType):
        yield from _captured_trees(value.__self__, seen)
    elif isinstance(value, functools.partial):
        for item in (value.func, *value.args, *value.keywords.values()):
            yield from _captured_trees(item, seen)
    elif isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # the variable has no value yet
                continue
            yield from _captured_trees(content, seen)
