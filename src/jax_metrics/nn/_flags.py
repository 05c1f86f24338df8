"""Telling foreign modules whether they are training, by the names they have for it."""

import inspect
from collections.abc import Callable
from typing import Any

# The names by which the modules of other libraries ask, and their value in training.
_IN_TRAINING = {
    "train": True,
    "training": True,
    "is_training": True,
    "deterministic": False,
    "use_running_average": False,
}


def with_training_flag(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    training: bool,
    *,
    bound: bool = True,
    fixed: Any = None,
) -> dict[str, Any]:
    """The keyword arguments, with the mode where the function asks for it and was not told.

    Args:
        function: What will be called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        training: Whether this is training.
        bound: Whether `args` are all of its positional arguments; otherwise `self` comes before.
        fixed: A module whose attribute of the same name decides, unless it is None.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some functions in C have no signature
        return kwargs
    usual = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p.name for p in parameters if p.kind in usual][0 if bound else 1 :]
    told = {*positional[: len(args)], *kwargs}
    flags = {
        p.name: _IN_TRAINING[p.name] == training
        for p in parameters
        if p.name in _IN_TRAINING and p.name not in told and getattr(fixed, p.name, None) is None
    }
    return {**kwargs, **flags}
