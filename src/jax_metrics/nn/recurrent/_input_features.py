"""The number of input features that a recurrent cell was initialized for, for error messages."""

from typing import Any

import jax.numpy as jnp


def explain_features(cell: Any, x: Any) -> str | None:
    """The end of the message, after the layer's name; None if the number of features fits.

    Args:
        cell: A cell of Flax as a layer.
        x: Its inputs, of one step or of a sequence.
    """
    # Kernels of the inputs have names such as `ii` and `ig`; those of the state start with `h`.
    kernels = [
        value["kernel"]
        for name, value in vars(cell).items()
        if name.startswith("i") and isinstance(value, dict) and "kernel" in value
    ]
    shape = jnp.shape(x)
    if not kernels or not shape or shape[-1] == kernels[0].shape[-2]:
        return None
    return f"was initialized for inputs [..., {kernels[0].shape[-2]}]; got {list(shape)}."
