"""`Buffer`: a fixed-capacity buffer of rows."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.module import MetricState


class Buffer(Accumulator):
    """A fixed-capacity buffer of rows, whose shape never changes.

    Once it is full, further rows are dropped and `overflowed` becomes true.

    Args:
        capacity: The maximum number of rows.
        shape: Shape of a row.
        dtype: Dtype of the values.

    Attributes:
        values: The rows, `[capacity, *shape]`; those from index `count` on are zero.
        seen: The number of rows received, an int32 that stops at twice the capacity.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> buffer = jm.metrics.Buffer(4).extended(jnp.array([3.0, 1.0]))
        >>> buffer.values, int(buffer.count)
        (Array([3., 1., 0., 0.], dtype=float32), 2)
    """

    values: jax.Array = MetricState.node()
    seen: jax.Array = MetricState.node()

    def __init__(self, capacity: int, shape: tuple[int, ...] = (), dtype: Any = float):
        if capacity < 1:
            raise ValueError(f"A Buffer needs a capacity of at least 1; got {capacity}.")
        self.values = jnp.zeros((capacity, *shape), dtype)
        self.seen = jnp.zeros((), jnp.int32)

    @property
    def capacity(self) -> int:
        """The maximum number of rows."""
        return self.values.shape[0]

    @property
    def count(self) -> jax.Array:
        """The number of rows in it."""
        return jnp.minimum(self.seen, self.capacity)

    @property
    def overflowed(self) -> jax.Array:
        """Whether rows were dropped."""
        return self.seen > self.capacity

    @property
    def filled(self) -> jax.Array:
        """Which rows are in use, booleans `[capacity]`."""
        return jnp.arange(self.capacity) < self.count

    def extended(self, rows: jax.Array, mask: jax.Array | None = None) -> "Buffer":
        """The buffer with rows appended.

        Args:
            rows: Shape `[batch, *shape]`.
            mask: Which of them to append, `[batch]`; all of them by default.
        """
        rows = jnp.asarray(rows, self.values.dtype)
        if rows.shape[1:] != self.values.shape[1:]:
            raise ValueError(
                f"A Buffer of rows of shape {self.values.shape[1:]} got rows of shape "
                f"{rows.shape[1:]}."
            )
        added: Any = rows.shape[0]
        index = self.seen + jnp.arange(added)
        if mask is not None:
            mask = mask.astype(bool)
            added = mask.sum(dtype=jnp.int32)
            # An index past the end drops the rows that the mask leaves out.
            index = jnp.where(mask, self.seen + jnp.cumsum(mask) - 1, self.capacity)
        return self._replace(
            values=self.values.at[index].set(rows, mode="drop"),
            seen=self._capped(self.seen + added),
        )

    def neutral(self) -> "Buffer":
        """An empty buffer of the same shape."""
        return self._replace(values=jnp.zeros_like(self.values), seen=jnp.zeros_like(self.seen))

    def merged(self, other: "Buffer") -> "Buffer":
        """The rows of both, those of this one first."""
        seen = self._capped(self.seen + other.seen)
        seen = jnp.where(other.overflowed, jnp.maximum(seen, self.capacity + 1), seen)
        return self.extended(other.values, other.filled)._replace(seen=seen)

    def _capped(self, seen: jax.Array) -> jax.Array:
        # A count that stops at twice the capacity cannot wrap and still shows an overflow.
        return jnp.minimum(seen, 2 * self.capacity)
