"""Plain values next to the arrays of a checkpoint: settings and counters, kept as JSON."""

import base64
from typing import Any

from jax_metrics.checkpoint._errors import CheckpointError

_TUPLE, _BYTES = "__tuple__", "__bytes__"  # JSON has neither


class PlainValue:
    """A plain value as one leaf of a pytree, however deep it is.

    Args:
        value: What `is_plain` accepts.
    """

    def __init__(self, value: Any):
        self.value = value

    def __repr__(self) -> str:
        text = repr(self.value)
        return f"the plain value {text if len(text) <= 40 else text[:37] + '...'}"


def is_plain(value: Any) -> bool:
    """Whether this is None, a number, a string, bytes, or a list, tuple or dict of them alone."""
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, float, str, bytes)


def mark_plain(value: Any) -> Any:
    """Replaces each plain value in nested dicts, lists and tuples with a `PlainValue`.

    Modules and other pytree classes stay as they are.
    """
    if is_plain(value):
        return PlainValue(value)
    if type(value) is dict:
        return {key: mark_plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(mark_plain(item) for item in value)
    return value


def unmark_plain(value: Any) -> Any:
    """The inverse of `mark_plain`."""
    if isinstance(value, PlainValue):
        return value.value
    if type(value) is dict:
        return {key: unmark_plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(unmark_plain(item) for item in value)
    return value


def to_json(value: Any) -> Any:
    """A plain value as what JSON has.

    Raises:
        CheckpointError: If a dict has a key that marks a tuple or bytes.
    """
    if type(value) is bytes:
        return {_BYTES: base64.b64encode(value).decode()}
    if type(value) is tuple:
        return {_TUPLE: [to_json(item) for item in value]}
    if type(value) is list:
        return [to_json(item) for item in value]
    if type(value) is dict:
        if reserved := {_TUPLE, _BYTES} & value.keys():
            raise CheckpointError(f"The key {min(reserved)!r} is reserved: rename it in {value!r}.")
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(value: Any) -> Any:
    """The inverse of `to_json`."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, dict):
        if _TUPLE in value:
            return tuple(from_json(item) for item in value[_TUPLE])
        if _BYTES in value:
            return base64.b64decode(value[_BYTES])
        return {key: from_json(item) for key, item in value.items()}
    return value
