"""`Total`: a running sum that stays exact where a float32 would stop counting."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.metrics.state._uncontracted import without_last_bits
from jax_metrics.module import MetricState

_LIMB = 16  # bits of an integer that are added at once
_CHUNK = 2**15  # this many limbs fit into an int32


class Total(Accumulator):
    """A running sum kept as two floats, the second one holding the rounding error of the first.

    A single float32 counts to 2**24 and then stops, and an int32 wraps at 2**31. Two floats add
    integers exactly up to 2**48, and other numbers, such as weights, almost exactly (Knuth's
    two-sum). `Total.sum` adds up an array of integers without wrapping.

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

    def __init__(self, value: Any = 0.0, dtype: Any = float):
        self.high = jnp.zeros(jnp.shape(value), dtype)
        self.low = jnp.zeros(jnp.shape(value), dtype)
        if not (isinstance(value, float) and value == 0):
            total = self + value
            self.high, self.low = total.high, total.low

    @classmethod
    def zeros(cls, shape: tuple[int, ...] = (), dtype: Any = float) -> "Total":
        """Sums that start from zero."""
        low = jnp.zeros(shape, dtype)  # its own buffer, so that both can be donated
        return cls(dtype=dtype)._replace(high=jnp.zeros(shape, dtype), low=low)

    @classmethod
    def sum(cls, values: Any, axis: tuple[int, ...] | None = None, dtype: Any = jnp.float32) -> Any:
        """The sum of an array; exact for integers, where `values.sum()` would wrap at 2**31.

        Floats of 16 bits are added as floats of the given dtype, so that their sum is not infinite.

        Args:
            values: Numbers of any dtype.
            axis: The axes to sum over; all of them by default.
            dtype: Dtype of both floats.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> int(jm.metrics.Total.sum(jnp.full(1000, 3_000_000)))
            3000000000
        """
        values = values if _is_numpy_integer(values) else jnp.asarray(values)
        axes = tuple(range(values.ndim)) if axis is None else axis
        if not _is_integer(values.dtype):
            wider = jnp.promote_types(values.dtype, jnp.zeros((), dtype).dtype)
            return cls(values.astype(wider).sum(axes), dtype)
        summed = tuple(size for i, size in enumerate(values.shape) if i in axes)
        kept = tuple(size for i, size in enumerate(values.shape) if i not in axes)
        library: Any = jnp if isinstance(values, jax.Array) else np
        rows = library.moveaxis(values, axes, range(len(axes)))
        return cls.zeros(kept, dtype)._plus_rows(rows.reshape(math.prod(summed), *kept))

    def _plus_rows(self, rows: Any, shift: int = 0) -> "Total":
        """The sum plus integers along the first axis, each times `2**shift`."""
        if isinstance(rows, np.ndarray):
            return self._plus_integer(rows.sum(0, dtype=_dtype_of_sum(rows.dtype, 8)), shift)
        if _fits_int32(len(rows), rows.dtype):
            return self._plus_integer(rows.sum(0, dtype=_dtype_of_sum(rows.dtype, 4)), shift)
        # Sums of the limbs of up to _CHUNK integers fit into an int32; longer arrays take two
        # rounds.
        chunks = len(rows) // _CHUNK
        head, tail = rows[: chunks * _CHUNK], rows[chunks * _CHUNK :]
        total = self
        for position, limb in _limbs(tail):
            total = total._plus_integer(limb.sum(0, dtype=jnp.int32), shift + position)
        if chunks:
            for position, limb in _limbs(head.reshape(chunks, _CHUNK, *head.shape[1:])):
                total = total._plus_rows(limb.sum(1, dtype=jnp.int32), shift + position)
        return total

    def _plus_integer(self, value: Any, shift: int = 0) -> "Total":
        high, low = self.high, self.low
        for position, limb in _limbs(value):  # one float might round the integer
            scaled = jnp.asarray(limb, high.dtype) * jnp.asarray(
                2.0 ** (position + shift), high.dtype
            )
            high, low = _two_sum(high, low, jnp.broadcast_to(scaled, high.shape))
        return self._replace(high=high, low=low)

    def __add__(self, value: Any) -> "Total":
        """The sum plus a number, an array of the same shape, or another Total."""
        if isinstance(value, Total):
            return self.plus_sums(value.high).plus_sums(value.low)
        # JAX would truncate integers of NumPy and Python to 32 bits.
        value = np.asarray(value) if isinstance(value, int) else value
        value = value if _is_numpy_integer(value) else jnp.asarray(value)
        if value.ndim > self.high.ndim:
            raise ValueError(
                f"A Total of the shape {list(self.high.shape)} cannot add an array of the shape "
                f"{list(value.shape)}. Sum it first, as in `values.sum()`; or start with an array, "
                "as in `Total(jnp.zeros(3))`."
            )
        if _is_integer(value.dtype):
            return self._plus_integer(value)
        value = jnp.broadcast_to(value, self.high.shape).astype(self.high.dtype)
        # A product might be contracted with some of the additions and not with others, and their
        # differences would not be the rounding error.
        first = without_last_bits(value)
        rest = jnp.where(jnp.isfinite(value), value - first, 0)
        high, low = _two_sum(*_two_sum(self.high, self.low, first), rest)
        return self._replace(high=high, low=low)

    def plus_sums(self, values: jax.Array) -> "Total":
        """The sum plus floats that are not products; it takes half the time of `+`.

        Args:
            values: Floats that were added up or kept, as by `bincount`.
        """
        high, low = _two_sum(self.high, self.low, values.astype(self.high.dtype))
        return self._replace(high=high, low=low)

    def plus_counts(self, counts: jax.Array, examples: int) -> "Total":
        """The sum plus counts of a batch, each an exact or a rounded sum of weights.

        Args:
            counts: Sums of weights, which are the integers 0 and 1, or floats.
            examples: The maximum number of weights.
        """
        if not _is_integer(counts.dtype):
            return self.plus_sums(counts)
        return self._plus_integer(counts.astype(jnp.uint16) if examples < 2**16 else counts)

    def marked(self, fault: jax.Array) -> "Total":
        """The sum, or NaN if a fault is NaN; see `check`. It takes less time than adding the fault.

        Args:
            fault: 0 or NaN.
        """
        return self._replace(high=self.high + fault.astype(self.high.dtype))

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


def _two_sum(high: Any, low: Any, value: Any) -> tuple[jax.Array, jax.Array]:
    total = high + value
    from_value = total - high
    error = (high - (total - from_value)) + (value - from_value)
    low = low + error
    rounded = total + low
    # For an infinity or NaN the differences above are meaningless.
    finite = jnp.isfinite(total)
    remainder = low - (rounded - total)
    return jnp.where(finite, rounded, total), jnp.where(finite, remainder, 0)


def _limbs(value: Any) -> list[tuple[int, Any]]:
    """The parts of integers that a float holds exactly, the highest first, with their positions."""
    bits = 8 * value.dtype.itemsize
    if bits <= _LIMB:
        return [(0, value)]
    top = bits - _LIMB
    lower = [(p, (value >> p) & (2**_LIMB - 1)) for p in range(top - _LIMB, -1, -_LIMB)]
    return [(top, value >> top), *lower]


def _is_integer(dtype: Any) -> bool:
    return dtype.kind == "b" or jnp.issubdtype(dtype, jnp.integer)


def _is_numpy_integer(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic) and _is_integer(value.dtype)


def _dtype_of_sum(dtype: Any, itemsize: int) -> Any:
    """The dtype of the integers, or a signed dtype of the given size if that is larger."""
    return dtype if dtype.itemsize >= itemsize else np.dtype(f"int{8 * itemsize}")


def _fits_int32(count: int, dtype: Any) -> bool:
    """Whether no sum of that many integers wraps, or they have 64 bits, so that it hardly can."""
    if dtype.itemsize == 8:
        return True
    bound = 1 if dtype.kind == "b" else 2 ** (8 * dtype.itemsize)
    return count * bound <= 2**31
