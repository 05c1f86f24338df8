"""The step and the values of a row, checked."""

import contextlib
import operator
from collections.abc import Mapping
from typing import Any

from jax.core import Tracer

STEP = "step"


def checked_row(step: Any, values: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    """The step as an int and the values as floats.

    Raises:
        TypeError: If a value is not a number.
        ValueError: If a name cannot be that of a column.
    """
    return int(operator.index(step)), {
        _checked_name(name): checked_number(name, value) for name, value in values.items()
    }


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


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.isprintable() or name in ("", STEP):
        raise ValueError(
            f"Expected a name of one line other than {STEP!r}, which is the column with the "
            f"steps, for a value to log; got {name!r}."
        )
    return name


def _described(value: Any) -> str:
    if isinstance(value, Tracer):
        return "a traced array (log outside of jitted functions)"
    if hasattr(value, "shape"):
        return f"an array of {getattr(value, 'dtype', 'objects')} with shape {tuple(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
