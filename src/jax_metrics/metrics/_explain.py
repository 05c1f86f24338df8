"""Explains errors of JAX that come from within an update or a value."""

from typing import Any

import jax

from jax_metrics.arguments import refuse_foreign
from jax_metrics.tree import explain_deleted

_NEEDS_VALUES = (
    jax.errors.ConcretizationTypeError,
    jax.errors.NonConcreteBooleanIndexError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)


def explain_update(metric: Any, inputs: Any, error: Exception) -> None:
    """Raises a more helpful error than the update did; returns if there is none.

    Args:
        metric: The metric; or an object that has its class as `cls`.
        inputs: The arguments.
        error: What the update raised.

    Raises:
        RuntimeError: If the metric or an argument holds a deleted array.
        TypeError: If JAX cannot take an argument, or cannot trace the code of the update.
    """
    if not metric.jittable:
        return
    explain_values(metric, "update", error)
    if problem := explain_deleted(inputs, "array"):
        raise RuntimeError(f"The input of {_class(metric).__name__} {problem}") from error
    if not isinstance(error, TypeError | ValueError):
        return
    args, named = inputs if isinstance(inputs, tuple) else ((), inputs)
    given = {**{f"argument {index}": value for index, value in enumerate(args)}, **named}
    try:
        refuse_foreign(
            _class(metric).__name__,
            given,
            _class(metric)._required,
            " A metric that computes with other values sets `jittable = False` in its class.",
        )
    except TypeError as better:
        raise better from error


def explain_values(metric: Any, method: str, error: Exception) -> None:
    """Raises if the error comes from deleted arrays, or from code that needs traced values.

    Raises:
        RuntimeError: If the metric holds a deleted array.
        TypeError: If the code needs the values of traced arrays.
    """
    if problem := explain_deleted(metric, "metric"):
        raise RuntimeError(f"{_class(metric).__name__} {problem}") from error
    if not isinstance(error, _NEEDS_VALUES):
        return
    name = _class(metric).__name__
    raise TypeError(
        f"`{method}` of {name} needs the values of arrays{_line(error)}. It runs as a "
        "compiled program, where only their shapes and dtypes are known: `if`, `float(...)`, "
        "NumPy and `x[mask]` do not work with them. Use `jnp.where` and `jnp` functions; or set "
        "`jittable = False` in the class, and the method runs as plain Python."
    ) from error


def _class(metric: Any) -> Any:
    return getattr(metric, "cls", type(metric))


def _line(error: Exception) -> str:
    """The last line outside of this library and JAX, where the error comes from."""
    line, traceback = "", error.__traceback__
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if module not in ("jax", "jaxlib", "jax_metrics", "numpy", "contextlib"):
            code = traceback.tb_frame.f_code
            line = f", in {code.co_name} at {code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return line
