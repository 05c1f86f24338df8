"""How the children of an object are read and set: functions made once for each layout."""

import functools
import operator
from collections.abc import Callable
from typing import Any

from jax_metrics.tree._static_compare import unchanged


class StaleLayout(KeyError):
    """The object was changed in place, so its layout is no longer valid."""


def getter(
    names: tuple[str, ...],
    template: dict[str, Any],
    mutable: tuple[str, ...],
    containers: tuple[str, ...],
    watched: tuple[tuple[Any, Any], ...],
) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """A function from an object's `__dict__` to its children; the arguments are those of a layout.

    It raises `StaleLayout` as `Layout.get` says.
    """
    if len(names) > 1:
        get: Callable[[dict[str, Any]], tuple[Any, ...]] = operator.itemgetter(*names)
    elif names:
        (name,) = names
        get = lambda fields: (fields[name],)  # noqa: E731
    else:
        get = lambda fields: ()  # noqa: E731
    if not mutable and not containers and not watched:
        return get

    def checked(fields: dict[str, Any]) -> tuple[Any, ...]:
        for name in mutable:
            if not unchanged(fields[name], template[name]):
                raise StaleLayout(name)
        for name in containers:
            if is_empty_container(fields[name]):
                raise StaleLayout(name)
        for watched_object, attributes in watched:
            if not unchanged(object.__getstate__(watched_object), attributes):
                raise StaleLayout(watched_object)
        return get(fields)

    return checked


@functools.cache
def assigner(names: tuple[str, ...]) -> Callable[[dict[str, Any], Any], None]:
    """A function that sets fields to children, made as source: a loop takes three times as long."""
    targets = "".join(f"fields[{name!r}], " for name in names)
    made: dict[str, Any] = {}
    exec(f"def assign(fields, children): {targets or '()'} = children", made)
    return made["assign"]


def is_empty_container(value: Any) -> bool:
    """Whether the value is an empty container, or contains only empty containers."""
    if isinstance(value, dict):
        return all(map(is_empty_container, value.values()))
    return isinstance(value, list | tuple) and all(map(is_empty_container, value))
