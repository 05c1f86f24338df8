"""Reductions: from the losses of a batch to one number."""

import enum
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import refuse_masked


class Reduction(enum.StrEnum):
    """How a loss combines its values; strings such as `"sum"` may be passed instead of the members.

    In the formulas `v` are the values, `w` the weights and `m` the mask (1 where it is true).

    Attributes:
        NONE: `m * w * v`, one for each value.
        SUM: `sum(m * w * v)`.
        SUM_OVER_BATCH_SIZE: `sum(m * w * v) / sum(m)`, so weights scale the result; `"mean"` is
            another name.
        MEAN_OVER_WEIGHTS: `sum(m * w * v) / sum(m * w)`, a weighted mean.

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
    def _missing_(cls, value: object) -> "Reduction":
        if value == "mean":
            return cls.SUM_OVER_BATCH_SIZE
        options = ", ".join(repr(str(member)) for member in cls)
        raise ValueError(f"There is no reduction {value!r}. Choose one of {options}.")


class Terms(NamedTuple):
    """The losses with weights and a mask of their own; `Loss.call` may return it.

    Attributes:
        values: The losses, already multiplied by the weights.
        weights: The denominator of `mean_over_weights`, of the shape of the values; None for 1.
        mask: The losses that count, of the shape of the values; None for all.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Weighted(jm.Loss):
        ...     def call(self, target, preds):
        ...         weights = jnp.where(target > 0, 3.0, 1.0)
        ...         return jm.losses.Terms(weights * (target - preds) ** 2, weights)
        >>> loss = Weighted(reduction="mean_over_weights")
        >>> float(loss(target=jnp.array([0.0, 1.0]), preds=jnp.array([1.0, 1.0])))
        0.25
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
    """The weighted sum of the unmasked values, and the denominator of their mean.

    Values are masked before they are multiplied, so masked values may be NaN. Integers and floats
    of 16 bits are added as float32: in their own dtype, sums wrap, overflow or lose small values.

    Args:
        terms: Values of any shape, with weights and a mask of their own.
        reduction: The reduction.
        sample_weight: A scalar, or an array whose shape is a prefix of the shape of the values.
        mask: Booleans; their shape is a prefix of the shape of the values.

    Returns:
        The sum, or the weighted values for `none`; and the denominator, None if the reduction is
        not a mean.

    Raises:
        ValueError: If the shape of the weights or the mask does not fit.
    """
    values = _summable(terms.values)
    keep = terms.mask
    if mask is not None:
        aligned = jnp.broadcast_to(_align("mask", mask, values), values.shape)
        keep = aligned if keep is None else aligned & keep
    weights = None
    if sample_weight is not None:
        refuse_masked("sample_weight", sample_weight)
        weights = jnp.asarray(sample_weight, values.dtype)
        if weights.ndim:
            weights = _align("sample_weight", weights, values)
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
    total_weights = 1 if terms.weights is None else _summable(terms.weights)
    total_weights = total_weights if weights is None else total_weights * weights
    if keep is not None:
        total_weights = jnp.where(keep, total_weights, 0)
    return total, jnp.sum(total_weights)


def ratio(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient, and 0 (with gradient 0) where the denominator is 0."""
    empty = denominator == 0
    return jnp.where(empty, 0, numerator / jnp.where(empty, 1, denominator))


def _summable(values: jax.Array) -> jax.Array:
    """The values as floats of 32 bits or more."""
    values = jnp.asarray(values)
    return values.astype(jnp.promote_types(values.dtype, jnp.float32))


def _align(name: str, array: jax.Array, values: jax.Array) -> jax.Array:
    """The array with axes of size 1 appended, up to the rank of the values.

    Raises:
        ValueError: If its shape is not a prefix of the shape of the values.
    """
    if array.shape != values.shape[: array.ndim]:
        prefixes = " or ".join(str(list(values.shape[:n])) for n in range(1, values.ndim + 1))
        raise ValueError(
            f"{name} has shape {list(array.shape)}, but the losses have {list(values.shape)}. "
            f"Give {name} the shape {prefixes or '[]'}: axes are aligned from the first one, and "
            "none is broadcast."
        )
    return array.reshape(array.shape + (1,) * (values.ndim - array.ndim))
