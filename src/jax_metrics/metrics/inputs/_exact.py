"""Values that are kept or put in order, and not added, so integers must not be rounded."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check
from jax_metrics.metrics.inputs._weights import where_weighted

_OF_SCORES = "Subtract a constant from all scores, or give their ranks."
_HINT = "Create the metric with an integer dtype, such as dtype=jnp.int32."


def as_exact(
    values: Any, dtype: Any, weight: jax.Array, name: str = "values", hint: str = _HINT
) -> jax.Array:
    """The values in a dtype, none of them rounded; NaN if an integer does not fit, see `check`.

    Args:
        values: Numbers.
        dtype: The dtype of the state. An integer dtype takes integers only.
        weight: Their weights, whose shape is a prefix of theirs. Values of weight zero may be
            rounded.
        name: The name of the argument, for the error.
        hint: How to fix it.

    Raises:
        TypeError: If the dtype is an integer dtype into which the dtype of the values does not fit.
    """
    values, dtype = jnp.asarray(values), jnp.dtype(dtype)
    if jnp.issubdtype(dtype, jnp.integer):
        if not jnp.can_cast(values.dtype, dtype):
            raise TypeError(
                f"A metric with dtype={dtype} keeps integers that fit into it, but values are "
                f"{values.dtype}. Convert them, or leave out `dtype` to keep floats."
            )
        return values.astype(dtype)
    if not jnp.issubdtype(values.dtype, jnp.integer):
        return values.astype(dtype)
    bits = jnp.finfo(dtype).nmant + 1
    if jnp.iinfo(values.dtype).bits <= bits:
        return values.astype(dtype)
    # A float holds an integer if there are not too many bits from its first to its last 1.
    unsigned = jnp.dtype(f"uint{jnp.iinfo(values.dtype).bits}")
    size = jnp.where(values < 0, -values, values).astype(unsigned)
    size = where_weighted(size, weight)
    last_bit = size & (~size + 1)
    fault = check(
        (size >> bits) < jnp.maximum(last_bit, 1),
        f"{name} holds integers that {dtype} would round. {hint}",
    )
    return values.astype(dtype) + fault.astype(dtype)


def exact_scores(preds: Any, dtype: Any, weight: jax.Array) -> jax.Array:
    """Scores as floats: integers that rounding would make equal are a fault; see `as_exact`."""
    return as_exact(preds, dtype, weight, "preds", _OF_SCORES)
