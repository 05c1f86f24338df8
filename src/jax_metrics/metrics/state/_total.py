"""`Total`: a running sum that stays exact where a float32 would stop counting."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.module import MetricState

_HALF = 16  # bits


class Total(Accumulator):
    """A running sum kept as two floats, the second one holding the rounding error of the first.

    A single float32 counts to 2**24 and then stops, and an int32 wraps at 2**31. Two floats add
    integers exactly up to 2**48, and other numbers, such as weights, almost exactly (Knuth's
    two-sum).

    Args:
        value: The initial sum, an array or a number.
        dtype: Dtype of both floats.

    Example:
        >>> import jax_metrics as jm
        >>> total = jm.metrics.Total(2.0**24) + 1 + 1
        >>> int(total)
        16777218
    """

    high: jax.Array = MetricState.node()
    low: jax.Array = MetricState.node()

    def __init__(self, value: Any = 0.0, dtype: Any = jnp.float32):
        start = jnp.zeros(jnp.shape(value), dtype)
        self.high, self.low = _add(start, start, jnp.asarray(value))

    @classmethod
    def zeros(cls, shape: tuple[int, ...] = (), dtype: Any = jnp.float32) -> "Total":
        """Sums that start from zero."""
        return cls(jnp.zeros(shape, dtype), dtype)

    def __add__(self, value: Any) -> "Total":
        """The sum plus a number, an array of the same shape, or another Total."""
        if isinstance(value, Total):
            return (self + value.high) + value.low
        high, low = _add(self.high, self.low, jnp.asarray(value))
        return self._replace(high=high, low=low)

    def __getitem__(self, index: Any) -> "Total":
        """Some of the sums, indexed like an array."""
        return self._replace(high=self.high[index], low=self.low[index])

    # JAX clamps out-of-range indices, so iterating by `__getitem__` would never stop.
    __iter__ = None

    @property
    def value(self) -> jax.Array:
        """The sum, rounded to one float."""
        return self.high + self.low

    def __int__(self) -> int:
        return int(self.high) + int(self.low)

    def neutral(self) -> "Total":
        """Zero, of the same shape."""
        return self._replace(high=jnp.zeros_like(self.high), low=jnp.zeros_like(self.low))

    def merged(self, other: "Total") -> "Total":
        """The sum of both."""
        return self + other


def _add(high: jax.Array, low: jax.Array, value: jax.Array) -> tuple[jax.Array, jax.Array]:
    if value.dtype == jnp.bool_:
        value = value.astype(jnp.int32)
    if jnp.issubdtype(value.dtype, jnp.integer):  # one float might round it; two do not
        upper = (value >> _HALF) << _HALF
        high, low = _add(high, low, upper.astype(high.dtype))
        value = value - upper
    value = jnp.broadcast_to(value, high.shape).astype(high.dtype)
    total = high + value
    from_value = total - high
    error = (high - (total - from_value)) + (value - from_value)
    low = low + error
    rounded = total + low
    # For an infinity or NaN the differences above are meaningless.
    finite = jnp.isfinite(total)
    rest = low - (rounded - total)
    return jnp.where(finite, rounded, total), jnp.where(finite, rest, 0)
