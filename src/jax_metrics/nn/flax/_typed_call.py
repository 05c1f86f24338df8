"""The signature of calls of layers that Flax modules compute."""

import inspect
from collections.abc import Callable
from typing import Any

from jax_metrics.nn.flax._training_flags import IN_TRAINING
from jax_metrics.tree import signature_of

_DERIVED = "_derived_from_flax"


def typed_call(flax_class: type) -> Callable[..., Any]:
    """A method `__call__` with the signature of the Flax module's.

    Args:
        flax_class: The Linen module.
    """

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - becomes a method
        """Calls the Flax module."""
        return self._run("__call__", args, kwargs)

    __call__.__signature__ = _with_mode(signature_of(flax_class.__call__))
    setattr(__call__, _DERIVED, True)
    return __call__


def is_derived(call: Callable[..., Any]) -> bool:
    """Whether `typed_call` made the method: the class of another Flax module gets its own."""
    return hasattr(call, _DERIVED)


def _with_mode(signature: inspect.Signature) -> inspect.Signature:
    """The signature with defaults for the arguments that the mode of the layer decides."""
    parameters = [
        p.replace(default=None) if p.name in IN_TRAINING and p.default is p.empty else p
        for p in signature.parameters.values()
    ]
    try:
        return signature.replace(parameters=parameters)
    except ValueError:  # an argument without a default follows
        return signature
