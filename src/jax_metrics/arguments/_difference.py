"""`subtract`: the difference of targets and predictions, whose integers are not rounded before."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments._inputs import as_float, same_shape


def subtract(target: Any, preds: Any, *, names: tuple[str, str] = ("target", "preds")) -> jax.Array:
    """`target - preds` as floats; of integers beyond 2**24 the difference is rounded, not they.

    Args:
        target: Numbers.
        preds: Numbers of the same shape.
        names: What both are called in errors.

    Raises:
        TypeError: If their elements are not real numbers.
        ValueError: If their shapes differ.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax_metrics.arguments import subtract
        >>> float(subtract(jnp.array(2_000_000_001), jnp.array(2_000_000_000)))
        1.0
    """
    first, second = as_float(names[0], target), as_float(names[1], preds)
    same_shape(**{names[0]: first, names[1]: second})
    if not (_is_wide(target) or _is_wide(preds)):
        return first - second
    (a, rest_a), (b, rest_b) = split(target, first.dtype), split(preds, second.dtype)
    return (a - b) + (rest_a - rest_b)


def split(value: Any, dtype: Any) -> tuple[jax.Array, Any]:
    """The numbers as floats, and what that rounds away of wide integers, or 0.

    Args:
        value: Numbers of any dtype.
        dtype: Dtype of the floats.
    """
    if not _is_wide(value):
        return jnp.asarray(value).astype(dtype), 0.0
    if isinstance(value, np.ndarray | np.generic):  # JAX might truncate them
        rounded = np.asarray(value, dtype)
        rest = np.subtract(value, rounded, dtype=np.float64)
        return jnp.asarray(rounded), jnp.asarray(rest, dtype)
    bits = int(jnp.finfo(dtype).nmant) + 1
    last = 8 * value.dtype.itemsize - bits  # bits that a float has no room for
    exact = value < 2**bits
    if value.dtype.kind == "i":
        exact &= value > -(2**bits)
    rounded = jnp.where(exact, value, (value >> last) << last)
    return rounded.astype(dtype), (value - rounded).astype(dtype)


def _is_wide(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray | np.generic | jax.Array)
    return is_array and jnp.issubdtype(value.dtype, jnp.integer) and value.dtype.itemsize > 2
