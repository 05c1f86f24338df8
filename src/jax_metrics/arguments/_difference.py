"""`subtract`: the difference of targets and predictions, whose integers are not rounded before."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments._inputs import pair

_LIMB = 16  # bits of an integer that a float of any size but 16 bits holds
_FLOAT = 64  # the position of a float among the limbs: the first one


def subtract(target: Any, preds: Any) -> jax.Array:
    """`target - preds` as floats; of integers beyond 2**24 the difference is rounded, not they.

    Args:
        target: Numbers.
        preds: Numbers of the same shape.

    Raises:
        TypeError: If their elements are not real numbers.
        ValueError: If their shapes differ.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax_metrics.arguments import subtract
        >>> float(subtract(jnp.array(2_000_000_001), jnp.array(2_000_000_000)))
        1.0
    """
    first, second = pair(target, preds)
    if not (_is_wide(target) or _is_wide(preds)):
        return first - second
    parts = [_parts(target, first), _parts(preds, second)]
    total: Any = 0.0
    for position in sorted({*parts[0], *parts[1]}, reverse=True):
        total = total + (parts[0].get(position, 0.0) - parts[1].get(position, 0.0))
    return total


def limbs(value: Any) -> list[tuple[int, Any]]:
    """The parts of integers that a float holds exactly, the highest first, with their positions."""
    bits = 8 * value.dtype.itemsize
    if bits <= _LIMB:
        return [(0, value)]
    top = bits - _LIMB
    lower = [(p, (value >> p) & (2**_LIMB - 1)) for p in range(top - _LIMB, -1, -_LIMB)]
    return [(top, value >> top), *lower]


def _is_wide(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray | np.generic | jax.Array)
    return is_array and jnp.issubdtype(value.dtype, jnp.integer) and value.dtype.itemsize > 2


def _parts(value: Any, number: jax.Array) -> dict[int, jax.Array]:
    if not _is_wide(value):
        return {_FLOAT: number}
    return {p: jnp.asarray(limb, number.dtype) * 2.0**p for p, limb in limbs(value)}
