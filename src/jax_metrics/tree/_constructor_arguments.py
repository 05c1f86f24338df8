"""Errors of a constructor or function that was given arguments that it does not have."""

import inspect
from collections.abc import Mapping
from typing import Any

from jax_metrics.tree._nearest import nearest

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

_MOST_SHOWN = 5


def explain_arguments(
    cls: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], error: TypeError
) -> TypeError:
    """The error to raise for one that Python raised because the arguments do not fit.

    Args:
        cls: The class, or a function.
        args: The positional arguments.
        kwargs: The keyword arguments.
        error: The error; it is returned if nothing more is known.
    """
    name, parameters = cls.__name__, inspect.signature(cls).parameters
    hint = getattr(cls, "_arguments_hint", "")
    positional = [n for n, p in parameters.items() if p.kind in _POSITIONAL]
    others = [n for n, p in parameters.items() if p.kind not in (*_POSITIONAL, *_VARIABLE)]
    kinds = {p.kind for p in parameters.values()}
    unknown = [n for n in kwargs if n not in parameters]
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        known = getattr(cls, "_other_arguments", {})
        instead = known.get(unknown[0]) or nearest(unknown[0], parameters)
        return TypeError(
            f"{name} has no argument `{unknown[0]}`.{instead} "
            f"It takes {', '.join(parameters)}.{hint}"
        )
    if len(args) > len(positional) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        takes = ", ".join(f"`{n}`" for n in positional) or "no arguments"
        only = f"only {takes}" if positional else takes
        listed = ", ".join(others[:_MOST_SHOWN]) + (", ..." if len(others) > _MOST_SHOWN else "")
        rest = f" Give others by name: {listed}." if others else ""
        return TypeError(
            f"{name} takes {only} by position; got {', '.join(map(_shown, args))}.{hint}{rest}"
        )
    if twice := [n for n in positional[: len(args)] if n in kwargs]:
        return TypeError(f"{name} got `{twice[0]}` both by position and by name. Give it once.")
    required = [
        n for n, p in parameters.items() if p.default is p.empty and p.kind not in _VARIABLE
    ]
    given = {*positional[: len(args)], *kwargs}
    if missing := [n for n in required if n not in given]:
        hints = (nearest(n, missing) for n in unknown)  # a misspelt one that `**kwargs` took
        return TypeError(
            f"{name} needs {', '.join(f'`{n}`' for n in missing)}, as in "
            f"`{name}({', '.join(f'{n}=...' for n in required)})`.{next(filter(None, hints), '')}"
        )
    return error


def _shown(value: Any) -> str:
    if isinstance(value, str | int | float | type(None)):
        return repr(value)
    return "an array" if hasattr(value, "shape") else f"a {type(value).__name__}"
