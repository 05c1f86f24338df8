"""`Buffer`: the values themselves, up to a capacity that was said beforehand."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.module import MetricState


class Buffer(Accumulator):
    """Keeps rows of values, up to a capacity, so that its shape never changes.

    What comes after it is full is left out, and counted: see `overflowed`.

    Args:
        capacity: How many rows it holds.
        shape: Shape of a row.
        dtype: Of the values.

    Attributes:
        values: The rows, `[capacity, *shape]`; those from `count` on are zero.
        seen: How many rows came, an int32.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> buffer = jm.metrics.Buffer(4).extended(jnp.array([3.0, 1.0]))
        >>> buffer.values, int(buffer.count)
        (Array([3., 1., 0., 0.], dtype=float32), 2)
    """

    values: jax.Array = MetricState.node()
    seen: jax.Array = MetricState.node()

    def __init__(self, capacity: int, shape: tuple[int, ...] = (), dtype: Any = jnp.float32):
        if capacity < 1:
            raise ValueError(f"A Buffer needs a capacity of at least 1; got {capacity}.")
        self.values = jnp.zeros((capacity, *shape), dtype)
        self.seen = jnp.zeros((), jnp.int32)

    @property
    def capacity(self) -> int:
        """How many rows it holds."""
        return self.values.shape[0]

    @property
    def count(self) -> jax.Array:
        """How many rows are in it."""
        return jnp.minimum(self.seen, self.capacity)

    @property
    def overflowed(self) -> jax.Array:
        """Whether rows were left out."""
        return self.seen > self.capacity

    @property
    def filled(self) -> jax.Array:
        """Which rows hold a value, `[capacity]`."""
        return jnp.arange(self.capacity) < self.count

    def extended(self, rows: jax.Array, mask: jax.Array | None = None) -> "Buffer":
        """The buffer with more rows.

        Args:
            rows: Shape `[batch, *shape]`.
            mask: Shape `[batch]`; the rows to take.
        """
        rows = jnp.asarray(rows, self.values.dtype)
        if rows.shape[1:] != self.values.shape[1:]:
            raise ValueError(
                f"A Buffer of rows of shape {self.values.shape[1:]} got rows of shape "
                f"{rows.shape[1:]}."
            )
        more: Any = rows.shape[0]
        place = self.seen + jnp.arange(more)
        if mask is not None:
            taken = mask.astype(bool)
            more = taken.sum(dtype=jnp.int32)
            # Each row that is taken has its place; the others have one past the end: dropped.
            place = jnp.where(taken, self.seen + jnp.cumsum(taken) - 1, self.capacity)
        made = self.neutral()
        made.values = self.values.at[place].set(rows, mode="drop")
        # A count that stops at twice the capacity cannot wrap and still tells of an overflow.
        made.seen = jnp.minimum(self.seen + more, 2 * self.capacity)
        return made

    def neutral(self) -> "Buffer":
        """An empty buffer of the same shape."""
        made = object.__new__(Buffer)
        made.__setstate__(
            {"values": jnp.zeros_like(self.values), "seen": jnp.zeros_like(self.seen)}
        )
        return made

    def merged(self, other: "Buffer") -> "Buffer":
        """The rows of both, those of this one first."""
        made = self.extended(other.values, other.filled)
        seen = jnp.minimum(self.seen + other.seen, 2 * self.capacity)
        made.seen = jnp.where(other.overflowed, jnp.maximum(seen, self.capacity + 1), seen)
        return made
