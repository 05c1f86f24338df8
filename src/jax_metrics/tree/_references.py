"""Pickling functions that do not pickle by themselves.

Python pickles a plain function by its name. What JAX makes of functions, such as `jax.nn.relu`,
does not pickle at all, or comes back from a copy as another object. In the state of a Tree they
stand as their name too.
"""

import functools
import importlib
import types
from collections.abc import Callable
from typing import Any, NamedTuple

_BY_ITSELF = (type, types.BuiltinFunctionType, types.MethodType)

# Where JAX's functions are for its users; where it defines them may change.
_PUBLIC = ("jax.numpy", "jax.nn", "jax.lax", "jax")


class Reference(NamedTuple):
    """The name of a function that can be imported."""

    module: str
    name: str


def to_references(value: Any) -> Any:
    """The value with names in place of functions that do not pickle, in containers too."""
    if callable(value) and not _pickles(value):
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        for module in (*_PUBLIC, getattr(value, "__module__", "")):
            reference = Reference(module, name)
            if _found(reference) is value:
                return reference
    return _in_containers(to_references, value)


def _pickles(value: Any) -> bool:
    if isinstance(value, types.FunctionType):  # not if something else has its name, as in JAX
        return _found(Reference(value.__module__, value.__qualname__)) is value
    return isinstance(value, _BY_ITSELF)


def from_references(value: Any) -> Any:
    """The value with the functions that the names in it stand for."""
    if type(value) is Reference:
        found = _found(value)
        if found is None:
            raise ImportError(
                f"The pickle refers to {value.module}.{value.name}, which is not there. Load it "
                "with the versions of the libraries that it was saved with."
            )
        return found
    return _in_containers(from_references, value)


def _found(reference: Reference) -> Any:
    try:
        module = importlib.import_module(reference.module)
        return functools.reduce(getattr, reference.name.split("."), module)
    except (ImportError, AttributeError, ValueError, TypeError):
        return None


def _in_containers(convert: Callable[[Any], Any], value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        items = [convert(item) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return kind(items) if changed else value
    if kind is dict:
        fields = {key: convert(item) for key, item in value.items()}
        return fields if any(fields[key] is not value[key] for key in value) else value
    return value
