"""What some transformations of optax need besides the gradients."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jax_metrics.optim import Optimizer

_LINE_SEARCHES = (optax.ScaleByZoomLinesearchState, optax.ScaleByBacktrackingLinesearchState)


def extra_arguments(
    optimizer: Optimizer,
    loss: jax.Array,
    grads: Any,
    *,
    grads_of: Callable[[Any], Any],
    loss_of: Callable[[Any], jax.Array] | None = None,
) -> dict[str, Any]:
    """The arguments of `optimizer.update` besides gradients and parameters.

    Args:
        optimizer: The optimizer.
        loss: The loss.
        grads: The gradients, perhaps multiplied by the loss scale.
        grads_of: The gradients for a model with other parameters, multiplied like `grads`.
        loss_of: The loss for a model with other parameters; None if it is of several batches.

    Raises:
        ValueError: If the optimizer needs `loss_of`, and it is None.
    """
    if sams := _found(optimizer, optax.contrib.SAMState):  # it takes no other arguments
        if any(state.cache is not None for state in sams):  # it ascends in steps of its own
            return {}
        return {"grad_fn": lambda model, step: _unscaled(grads_of(model), optimizer)}
    extra: dict[str, Any] = {"value": loss}
    searches = bool(_found(optimizer, *_LINE_SEARCHES))
    curves = bool(_found(optimizer, optax.contrib.HutchinsonState))
    if (searches or curves) and loss_of is None:
        raise ValueError(
            "`accumulate` does not go with an optimizer that evaluates the loss itself, such as "
            "`optax.lbfgs`, which searches along a line: it would be the loss of one batch. Make "
            "the batches larger, and leave out `accumulate`."
        )
    if searches:
        extra |= {"grad": _unscaled(grads, optimizer), "value_fn": loss_of}
    return {**extra, "obj_fn": loss_of} if curves else extra


def _found(optimizer: Optimizer, *kinds: type) -> list[Any]:
    """The states of some kinds, anywhere in the optimizer."""
    is_one = lambda node: isinstance(node, kinds)  # noqa: E731
    return [x for x in jax.tree.leaves(optimizer.opt_state, is_leaf=is_one) if is_one(x)]


def _unscaled(grads: Any, optimizer: Optimizer) -> Any:
    """The gradients of the loss itself, which extra arguments are to be."""
    scale = optimizer.loss_scale
    if isinstance(scale, float):  # there is no loss scaling
        return grads
    wide = lambda g: g.astype(jnp.promote_types(g.dtype, jnp.float32))  # noqa: E731
    return jax.tree.map(lambda g: wide(g) / scale.astype(wide(g).dtype), grads)
