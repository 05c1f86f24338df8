"""How the values of a batch become one number."""

import enum
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Reduction(enum.StrEnum):
    """What a loss does with its values; strings such as `"sum"` may stand for the members.

    In the formulas `v` are the values, `w` the weights and `m` the mask (1 where it is true).

    Attributes:
        NONE: Nothing: `w * v`, and 0 where the mask is false.
        SUM: `sum(m * w * v)`.
        SUM_OVER_BATCH_SIZE: `sum(m * w * v) / sum(m)`, so weights scale the result.
        MEAN_OVER_WEIGHTS: `sum(m * w * v) / sum(m * w)`, so weights only shift it.

    Example:
        >>> import jax_metrics as jm
        >>> jm.losses.MeanSquaredError(reduction="sum").reduction
        <Reduction.SUM: 'sum'>
    """

    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    MEAN_OVER_WEIGHTS = "mean_over_weights"

    @classmethod
    def _missing_(cls, value: object) -> None:
        options = ", ".join(repr(str(member)) for member in cls)
        raise ValueError(f"There is no reduction {value!r}. Choose one of {options}.")


class Terms(NamedTuple):
    """What `Loss.call` may return where its values alone do not say enough.

    Attributes:
        values: The losses, weighted already where the loss has weights of its own.
        weights: For how much each counts in `mean_over_weights`; None for 1 each.
        mask: Which of them count at all; None for all. Shaped as the values, as are the weights.
    """

    values: jax.Array
    weights: jax.Array | None = None
    mask: jax.Array | None = None


def sum_terms(
    terms: Terms,
    reduction: Reduction,
    sample_weight: jax.Array | None = None,
    mask: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """The sum of the values under weights and a mask, and what a mean divides it by.

    The mask selects before anything is multiplied, so what it hides may be NaN.

    Args:
        terms: Values of any shape, with the weights and the mask of the loss itself.
        reduction: What to do.
        sample_weight: A scalar, or an array whose shape is the first part of that of the values.
        mask: Boolean; its shape is the first part of that of the values.

    Returns:
        The values themselves for `none`; and no divisor where the reduction is no mean.

    Raises:
        ValueError: If the shape of the weights or the mask is another one.
    """
    values = terms.values
    keep = terms.mask
    if mask is not None:
        given = jnp.broadcast_to(align("mask", mask, values), values.shape)
        keep = given if keep is None else given & keep
    weights = None
    if sample_weight is not None:
        weights = jnp.asarray(sample_weight, jnp.promote_types(values.dtype, jnp.float32))
        if weights.ndim:
            weights = align("sample_weight", weights, values)
        weights = jnp.broadcast_to(weights, values.shape)
    if keep is not None:
        values = jnp.where(keep, values, 0)
        weights = None if weights is None else jnp.where(keep, weights, 0)
    if weights is not None:
        values = values * weights
    if reduction is Reduction.NONE:
        return values, None
    total = jnp.sum(values)
    if reduction is Reduction.SUM:
        return total, None
    if reduction is Reduction.SUM_OVER_BATCH_SIZE or (weights is None and terms.weights is None):
        count = values.size if keep is None else jnp.sum(keep, dtype=jnp.int32)
        return total, jnp.asarray(count, total.dtype)
    own = 1 if terms.weights is None else terms.weights
    shares = own if weights is None else own * weights
    return total, jnp.sum(shares if keep is None else jnp.where(keep, shares, 0))


def ratio(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient, and 0 (with gradient 0) where the denominator is 0."""
    empty = denominator == 0
    return jnp.where(empty, 0, numerator / jnp.where(empty, 1, denominator))


def align(name: str, array: jax.Array, values: jax.Array) -> jax.Array:
    """The array with axes of size 1 at the end, as many as it lacks.

    Raises:
        ValueError: If its shape is not the first part of that of the values.
    """
    if array.shape != values.shape[: array.ndim]:
        parts = " or ".join(str(list(values.shape[:n])) for n in range(1, values.ndim + 1))
        raise ValueError(
            f"{name} has shape {list(array.shape)}, but the losses have {list(values.shape)}. "
            f"Give {name} the shape {parts or '[]'}: axes are lined up from the first one, and "
            "none is stretched."
        )
    return array.reshape(array.shape + (1,) * (values.ndim - array.ndim))
