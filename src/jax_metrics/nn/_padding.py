"""Keeping NaN and infinity in padding away from outputs, statistics and gradients.

A mask selects after the arithmetic, and `0 * nan` is NaN, in the gradients too. So non-finite
values are replaced before; finite ones stay, with the same results as in Flax.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import describe_place


def without_padding(x: jax.Array, valid: Any) -> jax.Array:
    """The array, with zeros for non-finite values in the padding.

    Args:
        x: Any array.
        valid: False at padding, in a shape that broadcasts to that of `x`.
    """
    if not jnp.issubdtype(jnp.result_type(x), jnp.inexact):
        return x
    return jnp.where(jnp.asarray(valid, bool) | jnp.isfinite(x), x, 0)


def check_masks(layer: Any, **masks: Any) -> None:
    """Raises unless all masks are boolean: zero means "keep" in some libraries, "drop" in others.

    Args:
        layer: The layer, for the message.
        **masks: Masks by the names of their arguments; None: no mask.

    Raises:
        TypeError: If one has another dtype.
    """
    for name, mask in masks.items():
        if mask is not None:
            check_mask(describe_place(layer), name, mask)


def check_mask(owner: str, name: str, mask: Any, hint: str = "") -> None:
    """Raises unless a mask is boolean, or None.

    Args:
        owner: Who has the argument, for the message.
        name: The name of the argument.
        mask: The mask.
        hint: Added to the message.

    Raises:
        TypeError: If it has another dtype.
    """
    if mask is None:
        return
    dtype = mask.dtype if hasattr(mask, "dtype") else np.asarray(mask).dtype
    if dtype != np.bool_:
        raise TypeError(
            f"{owner} expects booleans for `{name}`, True where a value counts; got {dtype}. Write "
            f"`{name} == 0` for an additive mask of 0 and -inf, `{name}.astype(bool)` for one of "
            f"1 and 0.{hint}"
        )
