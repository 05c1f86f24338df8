"""The signature of calls of layers that Flax modules compute."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from jax_metrics.nn.flax._training_flags import IN_TRAINING
from jax_metrics.tree import signature_of

_Call = TypeVar("_Call", bound=Callable[..., Any])
_ONLY_CALLS_FLAX = "_only_calls_flax"


def typed_call(flax_class: type) -> Callable[..., Any]:
    """A method `__call__` with the signature of the Flax module's.

    Args:
        flax_class: The Linen module.
    """

    @calls_flax
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - becomes a method
        """Calls the Flax module."""
        return self._run("__call__", args, kwargs)

    __call__.__signature__ = _with_mode(signature_of(flax_class.__call__))
    return __call__


def calls_flax(call: _Call) -> _Call:
    """Marks a method that only calls the Flax module, for `only_calls_flax`."""
    setattr(call, _ONLY_CALLS_FLAX, True)
    return call


def only_calls_flax(call: Callable[..., Any]) -> bool:
    """Whether a layer with another Flax module gets a `typed_call` in place of this method."""
    return hasattr(call, _ONLY_CALLS_FLAX)


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
