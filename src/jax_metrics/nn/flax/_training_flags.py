"""Passing the training mode to modules of other libraries, under their own argument names."""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from jax_metrics.tree import signature_of

# Names of parameters for the training mode, and their value in training.
IN_TRAINING = {
    "train": True,
    "training": True,
    "is_training": True,
    "update_stats": True,
    "deterministic": False,
    "use_running_average": False,
}


@functools.cache
def training_flags(cls: type, method: str) -> list[tuple[str, int]]:
    """The parameters of a method for the mode, with their positions in a call.

    The position of a keyword-only parameter is beyond any call's arguments.
    """
    parameters = signature_of(getattr(cls, method)).parameters.values()
    usual = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    names = [p.name for p in parameters if p.name in IN_TRAINING]
    return [(name, usual.index(name) - 1 if name in usual else sys.maxsize) for name in names]


def with_training_flag(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    training: bool,
    *,
    bound: bool = True,
    fixed: Any = None,
) -> dict[str, Any]:
    """The keyword arguments, with the mode added where the function has a parameter for it.

    Args:
        function: The function to be called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        training: Whether this is training.
        bound: Whether `args` are all of its positional arguments; otherwise `self` comes before.
        fixed: A module whose attribute of the same name decides, unless it is None.
    """
    try:
        parameters = list(signature_of(function).parameters.values())
    except (TypeError, ValueError):  # some functions in C have no signature
        return kwargs
    usual = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p.name for p in parameters if p.kind in usual][0 if bound else 1 :]
    passed = {*positional[: len(args)], *kwargs}
    flags = {
        p.name: IN_TRAINING[p.name] == training
        for p in parameters
        if p.name in IN_TRAINING and p.name not in passed and getattr(fixed, p.name, None) is None
    }
    return {**kwargs, **flags}
