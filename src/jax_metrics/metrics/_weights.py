"""Sample weights and masks: which values count, and how much."""

from typing import Any

import jax
import jax.numpy as jnp


def as_numbers(values: Any, dtype: Any) -> jax.Array:
    """The values as integers if they are whole, so that they sum exactly; else in the dtype."""
    values = jnp.asarray(values)
    whole = jnp.issubdtype(values.dtype, jnp.integer) or values.dtype == bool
    return values.astype(jnp.int32 if whole else dtype)


def weights(
    shape: tuple[int, ...], sample_weight: Any = None, mask: Any = None, dtype: Any = jnp.float32
) -> jax.Array:
    """How much each value counts; 0 and 1 are integers, so that they sum exactly.

    Args:
        shape: That of the values.
        sample_weight: How much each counts; its shape is the first part of that of the values.
        mask: Booleans: false leaves a value out. Its shape, likewise.
        dtype: Of the weights where there is a `sample_weight`.

    Raises:
        ValueError: If a shape does not fit.
        TypeError: If the mask is not boolean.
    """
    weight = jnp.ones(shape, jnp.int32)
    if sample_weight is not None:
        weight = _over(shape, jnp.asarray(sample_weight, dtype), "sample_weight")
    if mask is not None:
        mask = jnp.asarray(mask)
        if mask.dtype != bool:
            raise TypeError(
                f"mask must be boolean, but is {mask.dtype}. Write `mask.astype(bool)` to leave "
                "values out, or pass it as `sample_weight` to weigh them."
            )
        weight = jnp.where(_over(shape, mask, "mask"), weight, 0)
    return weight


def counted(values: jax.Array, weight: jax.Array, instead: Any = 0) -> jax.Array:
    """The values that count, and something harmless where the others were, which may be NaN.

    Args:
        values: Shape `[*weight.shape, ...]`.
        weight: How much each counts.
        instead: What stands where the weight is zero.
    """
    weight = weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return jnp.where(weight != 0, values, jnp.asarray(instead, values.dtype))


def _over(shape: tuple[int, ...], given: jax.Array, name: str) -> jax.Array:
    if given.shape != shape[: given.ndim]:
        raise ValueError(
            f"{name} of shape {given.shape} does not fit values of shape {shape}: its shape must "
            "be the first part of theirs."
        )
    return jnp.broadcast_to(given.reshape(given.shape + (1,) * (len(shape) - given.ndim)), shape)
