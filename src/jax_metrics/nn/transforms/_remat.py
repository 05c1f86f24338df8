"""`Remat`: saving memory by recomputing a layer in the backward pass."""

from collections.abc import Callable
from typing import Any

import jax

from jax_metrics.module import Module
from jax_metrics.nn.transforms._carried_state import CarriedState
from jax_metrics.nn.transforms._delegating_layer import DelegatingLayer

Policy = str | Callable[..., Any] | None


class Remat(DelegatingLayer):
    """Recomputes the activations of a layer for its gradients, instead of storing them.

    The results are the same, with less memory and more time (Chen et al., 2016,
    https://arxiv.org/abs/1604.06174). State and random keys are the same as without it: dropout
    drops the same values both times, and statistics are updated once.

    Args:
        layer: The layer.
        policy: The values to keep: the name of one of `jax.checkpoint_policies`, such as
            `"dots_saveable"`, or a policy; None keeps nothing.
        name: A name for the module.

    Raises:
        TypeError: If `layer` is not a Module.
        ValueError: If there is no policy of that name.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.Remat(jm.MLP([64, 1])).init(42, jnp.ones((1, 4)))
        >>> grads = jax.grad(lambda layer: layer(jnp.ones((8, 4))).sum())(layer)
        >>> grads.layer.linear2.bias
        Array([8.], dtype=float32)
    """

    layer: Module

    def __init__(self, layer: Module, policy: Policy = None, *, name: str | None = None):
        super().__init__(name)
        if not isinstance(layer, Module):
            raise TypeError(
                f"Remat expected a module, as in `Remat(jm.Linear(8))`; got {layer!r}. For a "
                "function there is `jax.checkpoint`."
            )
        as_policy(policy)
        self.layer = layer
        self.policy = policy
        if layer.initialized:  # it has no parameters of its own
            self._mode = layer._mode

    def _run_method(self, method: str, /, *args: Any, **kwargs: Any) -> Any:
        if not self.initialized and self.initializing():
            return getattr(self.layer, method)(*args, **kwargs)
        state = CarriedState(self.layer, ".layer")
        leaves, structure = jax.tree.flatten((args, kwargs))
        arrays = {i: leaf for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)}

        # Arguments other than arrays, such as flags, stay out: inside they would be traced.
        def call(layer: Any, arrays: dict[int, jax.Array]) -> tuple[Any, Any]:
            filled = [arrays.get(i, leaf) for i, leaf in enumerate(leaves)]
            args, kwargs = jax.tree.unflatten(structure, filled)
            return state.call(layer, method, *args, **kwargs)

        output, changed = jax.checkpoint(call, policy=as_policy(self.policy))(self.layer, arrays)
        state.put_back(changed, self)
        return output


def as_policy(policy: Policy) -> Callable[..., Any] | None:
    """Looks up a policy by name; other values pass through.

    Raises:
        ValueError: If there is no policy of that name.
    """
    if isinstance(policy, str):
        found = getattr(jax.checkpoint_policies, policy, None)
        if found is None:
            known = [name for name in dir(jax.checkpoint_policies) if not name.startswith("_")]
            raise ValueError(
                f"There is no policy '{policy}' in `jax.checkpoint_policies`; it has "
                f"{', '.join(known)}."
            )
        return found
    return policy
