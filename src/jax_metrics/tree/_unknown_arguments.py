"""The error about a keyword that a class or function does not take."""

import inspect
from collections.abc import Mapping
from typing import Any

from jax_metrics.tree._nearest import nearest


def unknown_argument(
    owner: str, signature: inspect.Signature, kwargs: Mapping[str, Any]
) -> TypeError | None:
    """The error for the first keyword that is not in a signature; None if all are.

    Args:
        owner: What was called, for the message.
        signature: Its signature, without `self`.
        kwargs: The keywords of the call.
    """
    parameters = signature.parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    positional_only = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL
    known = [p.name for p in parameters if p.kind not in positional_only]
    name = next((name for name in kwargs if name not in known), None)
    if name is None:
        return None
    return TypeError(
        f"{owner} has no argument '{name}'.{nearest(name, known)} Its arguments: "
        f"{', '.join(p.name for p in parameters) or 'none'}."
    )
