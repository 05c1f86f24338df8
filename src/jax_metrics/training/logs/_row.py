"""The step and the values of a row, checked."""

import contextlib
from collections.abc import Mapping
from typing import Any

from jax.core import Tracer

from jax_metrics.tree import as_whole

STEP = "step"


def checked_row(step: Any, values: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    """The step as an int and the values as floats.

    Raises:
        TypeError: If the step is not an integer, or a value is not a number.
        ValueError: If the step is negative, or a name cannot be that of a column.
    """
    step = checked_count("step", step, "the number of steps so far", "log(10, {'loss': 0.5})")
    if not isinstance(values, Mapping):
        raise TypeError(
            f"Expected a dict of numbers by name; got {_described(values)}. Log as in "
            f"`log({step}, {{'loss': 0.5}})`."
        )
    for name in values:
        check_name(name)
    return step, {name: checked_number(name, value) for name, value in values.items()}


def checked_count(name: str, value: Any, meaning: str, call: str) -> int:
    """A number of steps or examples as an int.

    Args:
        name: The name of the argument.
        value: The value.
        meaning: What it counts, for errors.
        call: A call that is right, for errors.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is negative.
    """
    if (whole := as_whole(value)) is None or whole < 0:
        kind = TypeError if whole is None else ValueError
        raise kind(
            f"Expected an integer of at least 0 as `{name}`, {meaning}; got {_described(value)}. "
            f"Write `{call}`."
        )
    return whole


def checked_number(name: str, value: Any) -> float:
    """A value as a float.

    Raises:
        TypeError: If it is not a number.
    """
    if type(value) is float:
        return value
    is_text = isinstance(value, str | bytes | bytearray)
    if not is_text and getattr(value, "shape", ()) == ():
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return float(value)
    raise TypeError(
        f"Expected a number to log for {name!r}, got {_described(value)}. Log numbers by name, "
        f"such as {{'{name}/mean': 0.5}}."
    )


def check_name(name: Any) -> None:
    """Checks that a value of a row can have a name.

    Raises:
        ValueError: If it is not a printable text, or the name of the column of steps.
    """
    if not isinstance(name, str) or not name.isprintable() or name in ("", STEP):
        raise ValueError(
            f"Expected a name of one line other than {STEP!r}, which is the column with the "
            f"steps, for a value to log; got {name!r}."
        )


def _described(value: Any) -> str:
    if isinstance(value, Tracer):
        return "a traced array (log outside of jitted functions)"
    if hasattr(value, "shape"):
        return f"an array of {getattr(value, 'dtype', 'objects')} with shape {tuple(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
