"""`Total`: a sum that stays exact where a float32 would stop counting."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.module import MetricState

_HALF = 16  # bits


class Total(Accumulator):
    """A running sum kept as two floats, the second holding what the first one rounds away.

    A single float32 counts to 2**24 and then stands still, and an int32 wraps at 2**31. Two of
    them add whole numbers exactly up to 2**48, and lose next to nothing of other numbers, weights
    among them (Knuth's two-sum).

    Args:
        value: The sum to start from, an array or a number.
        dtype: Of both floats.

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
        """The sum with a number, an array of the same shape, or another Total added."""
        if isinstance(value, Total):
            return (self + value.high) + value.low
        return self._with(*_add(self.high, self.low, jnp.asarray(value)))

    def __getitem__(self, index: Any) -> "Total":
        """Some of the sums, as an array is indexed."""
        return self._with(self.high[index], self.low[index])

    __iter__ = None  # indices of arrays never run out

    @property
    def value(self) -> jax.Array:
        """The sum, rounded to one float."""
        return self.high + self.low

    def __int__(self) -> int:
        return int(self.high) + int(self.low)

    def neutral(self) -> "Total":
        """Zero, of the same shape."""
        return self._with(jnp.zeros_like(self.high), jnp.zeros_like(self.low))

    def merged(self, other: "Total") -> "Total":
        """The sum of both."""
        return self + other

    def _with(self, high: jax.Array, low: jax.Array) -> "Total":
        made = object.__new__(Total)
        made.__setstate__({"high": high, "low": low})
        return made


def _add(high: jax.Array, low: jax.Array, value: jax.Array) -> tuple[jax.Array, jax.Array]:
    if value.dtype == jnp.bool_:
        value = value.astype(jnp.int32)
    if jnp.issubdtype(value.dtype, jnp.integer):  # two floats hold what one might round
        upper = (value >> _HALF) << _HALF
        high, low = _add(high, low, upper.astype(high.dtype))
        value = value - upper
    value = jnp.broadcast_to(value, high.shape).astype(high.dtype)
    total = high + value
    from_value = total - high
    lost = (high - (total - from_value)) + (value - from_value)
    low = low + lost
    rounded = total + low
    # An infinity or NaN is the whole sum: the differences above mean nothing then.
    finite = jnp.isfinite(total)
    rest = low - (rounded - total)
    return jnp.where(finite, rounded, total), jnp.where(finite, rest, 0)
