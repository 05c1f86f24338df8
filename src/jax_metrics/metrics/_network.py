"""`as_network`: networks that users give to metrics."""

from collections.abc import Callable
from typing import Any

from jax_metrics.module import Module

Network = Callable[..., Any]


def as_network(name: str, network: Any) -> Any:
    """A network given by the user: a function as it is, or a module in evaluation mode, frozen.

    `train()` of a model around the metric reaches its networks, too. Frozen, they stay as they are:
    their layers compute as in evaluation, and no optimizer changes them.

    Args:
        name: The name of the argument.
        network: The function or the module; None passes.

    Raises:
        TypeError: If it cannot be called.
        ValueError: If it is a module that is not initialized.
    """
    if isinstance(network, Module):
        if not network.initialized:
            raise ValueError(
                f"{name} is a {type(network).__name__} that is not initialized. Give "
                f"`{name}.init(key, inputs)`, or one with trained weights."
            )
        return network.eval().freeze()
    if network is not None and not callable(network):
        raise TypeError(
            f"{name} must be a function or a module that is called with a batch; got "
            f"{type(network).__name__}. `jm.models.from_pretrained` loads trained ones."
        )
    return network
