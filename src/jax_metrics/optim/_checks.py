"""Whether gradients and parameters fit each other, and those that `init` was given."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.optim._flat import Flat, leaves_by_path, trainable
from jax_metrics.optim._optimizer_errors import listed


def checked_grads(grads: Any, params: Any, paths: tuple[str, ...]) -> Flat:
    """The gradients by path.

    Raises:
        ValueError: If they lack one of the paths, or have one that the parameters do not.
    """
    flat = leaves_by_path(grads)
    missing = [path for path in paths if path not in flat]
    if missing and isinstance(grads, tuple) and not isinstance(params, tuple):
        raise ValueError(
            f"The gradients are a tuple of {len(grads)} values. Unpack the results first: "
            "`grads, model = jm.grad(loss_fn)(model)`, or "
            "`(loss, model), grads = jm.value_and_grad(loss_fn)(model)`."
        )
    if missing:
        raise ValueError(
            f"The gradients lack {listed(missing)}, which the optimizer was initialized with. "
            "They must have the structure of the parameters given to `init`; after freezing, "
            "unfreezing or replacing parts of a model, call "
            "`optimizer = optimizer.adapt(model)`."
        )
    known = set(paths) if params is None else leaves_by_path(params).keys()
    unknown = [path for path in flat if path not in known]
    if unknown:
        raise ValueError(
            f"The gradients have {listed(unknown)}, which the parameters do not. Were the "
            "arguments swapped? It is `optimizer.update(grads, params)`."
        )
    return {path: flat[path] for path in paths}


def checked_params(params: Any, grads: Flat, paths: tuple[str, ...]) -> Flat:
    """The trainable parameters by path.

    Raises:
        ValueError: If they are not those with these paths, or differ from the gradients in shape.
        TypeError: If one is not a float.
    """
    flat = trainable(params)
    if flat.keys() != set(paths):
        changed = sorted(flat.keys() ^ set(paths))
        raise ValueError(
            f"The parameters differ from those that the optimizer was initialized with, in "
            f"{listed(changed)}. After freezing, unfreezing or replacing parts of a model, call "
            "`optimizer = optimizer.adapt(model)`."
        )
    check_floats(flat, "parameter")
    for path in paths:
        if jnp.shape(flat[path]) != jnp.shape(grads[path]):
            raise ValueError(
                f"At {path}: the gradient has the shape {jnp.shape(grads[path])}, the parameter "
                f"{jnp.shape(flat[path])}. They must be equal."
            )
    return {path: flat[path] for path in paths}


def check_floats(flat: Flat, what: str) -> None:
    """Checks that all can be trained; the gradients of integers have JAX's dtype float0.

    Raises:
        TypeError: If one is not a float.
    """
    for path, value in flat.items():
        try:
            dtype = getattr(value, "dtype", None) or jnp.result_type(value)
        except TypeError:  # no number
            raise TypeError(
                f"At {path}: the {what} is a {type(value).__name__}, {value!r}, but only arrays of "
                "floats are trained."
            ) from None
        if not jnp.issubdtype(dtype, jnp.inexact):
            dtype = "float0" if dtype == jax.dtypes.float0 else dtype
            raise TypeError(
                f"At {path}: the {what} has the dtype {dtype}, but only floats have gradients and "
                "are trained. Make it a float; or if it is not to be trained, declare the field "
                "with another kind, such as `jm.State.node()`, or freeze its module."
            )
