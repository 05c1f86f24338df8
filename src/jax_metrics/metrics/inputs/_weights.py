"""Sample weights and masks: which values count, and with which weight."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._checks import Rule

_MOST = 2**24  # from here on, float32 does not hold all whole numbers


def as_numbers(values: Any, dtype: Any) -> jax.Array:
    """Integers and booleans as they are, which `Total.sum` adds exactly; floats in the dtype."""
    values = jnp.asarray(values)
    exact = jnp.issubdtype(values.dtype, jnp.integer) or values.dtype == bool
    return values if exact else values.astype(dtype)


def times_weight(values: jax.Array, weight: jax.Array) -> jax.Array:
    """The values times their weights, 0 where the weight is 0, even for NaN.

    Integer weights are 0 or 1 and leave the dtype of the values as it is.

    Args:
        values: Numbers; booleans count as 0 and 1.
        weight: The weight of each, from `weights`.
    """
    selected = where_weighted(values, weight)
    return selected if jnp.issubdtype(weight.dtype, jnp.integer) else selected * weight


def weights(
    shape: tuple[int, ...], sample_weight: Any = None, mask: Any = None, dtype: Any = None
) -> jax.Array:
    """The weight of each value; without `sample_weight` the integers 0 and 1, which sum exactly.

    Args:
        shape: Shape of the values.
        sample_weight: Weights; their shape is a prefix of the shape of the values.
        mask: Booleans: false excludes a value. Their shape is a prefix, too.
        dtype: Dtype of the weights if there is a `sample_weight`; by default float32, or float64 if
            that has 64 bits.

    Raises:
        ValueError: If a shape does not match.
        TypeError: If the mask is not boolean.
    """
    weight = jnp.ones(shape, jnp.int32)
    if sample_weight is not None:
        given = jnp.asarray(sample_weight)
        if dtype is None:
            dtype = jnp.float64 if given.dtype.itemsize == 8 else jnp.float32
        weight = _broadcast_prefix(shape, given.astype(dtype), "sample_weight")
    if mask is not None:
        mask = jnp.asarray(mask)
        if mask.dtype != bool:
            raise TypeError(
                f"mask must be boolean, but is {mask.dtype}. Write `mask.astype(bool)` to exclude "
                "values, or pass it as `sample_weight` to weight them."
            )
        weight = jnp.where(_broadcast_prefix(shape, mask, "mask"), weight, 0)
    return weight


def rule_of_repetitions(weight: jax.Array) -> Rule:
    """The rule that weights are whole numbers, which say how often examples count."""
    return Rule(
        (weight >= 0) & (weight == jnp.floor(weight)) & (weight < _MOST),
        "sample_weight must hold whole numbers, 0 or more: it says how often each example counts.",
    )


def batch_weights(
    values: jax.Array, sample_weight: Any = None, mask: Any = None, dtype: Any = None
) -> tuple[Any, Any]:
    """Weights and mask that fit plain values, or a single value.

    A single value together with weights or a mask of examples, as in a collection, is read as the
    mean of the batch: its weight is the sum of the weights that are not masked.

    Args:
        values: The values.
        sample_weight: Weights of the values, or of the examples whose mean the value is.
        mask: Booleans, likewise.
        dtype: Dtype of the sum of the weights.

    Returns:
        The weights and the mask, for `weights`; as given unless there is a single value.
    """
    shape = max((np.shape(array) for array in (mask, sample_weight)), key=len)
    if np.ndim(values) or not shape:
        return sample_weight, mask
    return weights(shape, sample_weight, mask, dtype).sum(), None


def counted_once(values: Any, sample_weight: Any = None, mask: Any = None) -> tuple[Any, Any]:
    """Like `batch_weights`, but a single value counts once, or not at all if all are masked.

    Args:
        values: The values.
        sample_weight: Weights of the values, or of examples.
        mask: Booleans, likewise.
    """
    fitting = batch_weights(values, sample_weight, mask)
    return fitting if fitting[0] is sample_weight else (None, fitting[0] != 0)


def where_weighted(values: jax.Array, weight: jax.Array, otherwise: Any = 0) -> jax.Array:
    """The values whose weight is not zero; `otherwise` in place of the others, which may be NaN.

    Args:
        values: Shape `[*weight.shape, ...]`.
        weight: Their weights.
        otherwise: The value where the weight is zero.
    """
    weight = weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return jnp.where(weight != 0, values, jnp.asarray(otherwise, values.dtype))


def _broadcast_prefix(shape: tuple[int, ...], array: jax.Array, name: str) -> jax.Array:
    if array.shape != shape[: array.ndim]:
        raise ValueError(
            f"{name} of shape {array.shape} does not fit values of shape {shape}: its shape must "
            "be a prefix of theirs."
        )
    return jnp.broadcast_to(array.reshape(array.shape + (1,) * (len(shape) - array.ndim)), shape)
