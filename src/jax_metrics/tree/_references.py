"""Pickling functions that do not pickle by themselves.

Python pickles a plain function by its name. Functions that JAX wraps, such as `jax.nn.relu`, do not
pickle at all, or a copy of them is another object. So the state of a Tree refers to them by name.
"""

import functools
import importlib
import types
from collections.abc import Callable
from typing import Any, NamedTuple

_BY_ITSELF = (type, types.BuiltinFunctionType, types.MethodType)

# The public modules of JAX; the modules that define the functions may change.
_PUBLIC = ("jax.numpy", "jax.nn", "jax.lax", "jax")


class Reference(NamedTuple):
    """The name of a function that can be imported."""

    module: str
    name: str


def to_references(value: Any) -> Any:
    """Replaces functions that do not pickle by their names, including those in containers."""
    if callable(value) and not _is_picklable(value):
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        for module in (*_PUBLIC, getattr(value, "__module__", "")):
            reference = Reference(module, name)
            if _resolve(reference) is value:
                return reference
    return _in_containers(to_references, value)


def _is_picklable(value: Any) -> bool:
    if isinstance(value, types.FunctionType):  # not if its name refers to something else, as in JAX
        return _resolve(Reference(value.__module__, value.__qualname__)) is value
    return isinstance(value, _BY_ITSELF)


def from_references(value: Any) -> Any:
    """Replaces names by the functions that they refer to."""
    if type(value) is Reference:
        function = _resolve(value)
        if function is None:
            raise ImportError(
                f"The pickle refers to {value.module}.{value.name}, which does not exist. Load "
                "it with the versions of the libraries that it was saved with."
            )
        return function
    return _in_containers(from_references, value)


def _resolve(reference: Reference) -> Any:
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
