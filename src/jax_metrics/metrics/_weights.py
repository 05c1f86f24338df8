"""Sample weights and masks: which values count, and how much."""

from typing import Any

import jax
import jax.numpy as jnp


def weigh(
    values: jax.Array, sample_weight: Any = None, mask: Any = None
) -> tuple[jax.Array, jax.Array]:
    """The values with zero where they do not count, and the weight of each.

    A value that does not count may be anything, NaN too.

    Args:
        values: Shape `[...]`.
        sample_weight: How much each counts; its shape is the first part of that of the values.
        mask: Booleans: false leaves a value out. Its shape, likewise.

    Raises:
        ValueError: If a shape does not fit.
        TypeError: If the mask is not boolean.
    """
    weight = jnp.ones(values.shape, jnp.float32)
    if sample_weight is not None:
        weight = _over(values, jnp.asarray(sample_weight, jnp.float32), "sample_weight")
    if mask is not None:
        mask = jnp.asarray(mask)
        if mask.dtype != bool:
            raise TypeError(
                f"mask must be boolean, but is {mask.dtype}. Write `mask.astype(bool)` to leave "
                "values out, or pass it as `sample_weight` to weigh them."
            )
        shown = _over(values, mask, "mask")
        weight = jnp.where(shown, weight, 0)
        values = jnp.where(shown, values, 0)
    return values, weight


def _over(values: jax.Array, given: jax.Array, name: str) -> jax.Array:
    if given.shape != values.shape[: given.ndim]:
        raise ValueError(
            f"{name} of shape {given.shape} does not fit values of shape {values.shape}: its shape "
            "must be the first part of theirs."
        )
    given = given.reshape(given.shape + (1,) * (values.ndim - given.ndim))
    return jnp.broadcast_to(given, values.shape)
