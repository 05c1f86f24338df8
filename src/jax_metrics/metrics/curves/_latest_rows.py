"""`LatestRows`: a window of the latest rows."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class LatestRows(Accumulator):
    """The latest rows, up to a fixed number, in the order in which they arrived.

    Merging appends the rows of the other window and keeps the latest of all.

    Args:
        size: The maximum number of rows.
        shape: Shape of a row.
        dtype: Dtype of the values.

    Attributes:
        values: The rows, `[size, *shape]`; those from index `count` on are zero.
        count: The number of rows in it, an int32.
    """

    values: jax.Array = MetricState.node()
    count: jax.Array = MetricState.node()

    def __init__(self, size: int, shape: tuple[int, ...] = (), dtype: Any = float):
        if size < 1:
            raise ValueError(f"A window needs a size of at least 1; got {size}.")
        self.values = jnp.zeros((size, *shape), dtype)
        self.count = jnp.zeros((), jnp.int32)

    @property
    def overflowed(self) -> jax.Array:
        """False: the window drops older rows by design."""
        return jnp.zeros((), bool)

    def extended(self, rows: jax.Array, mask: jax.Array) -> "LatestRows":
        """The window with rows appended and the oldest evicted.

        Args:
            rows: Shape `[batch, *shape]`.
            mask: Which of them to append, `[batch]`.
        """
        size = self.values.shape[0]
        total = self.count + mask.sum(dtype=jnp.int32)
        evicted = jnp.maximum(total - size, 0)
        old = jnp.arange(size)
        old = jnp.where((old < self.count) & (old >= evicted), old - evicted, size)
        new = self.count + jnp.cumsum(mask) - 1 - evicted
        new = jnp.where(mask & (new >= 0), new, size)
        values = jnp.zeros_like(self.values).at[old].set(self.values, mode="drop")
        values = values.at[new].set(jnp.asarray(rows, values.dtype), mode="drop")
        return self._replace(values=values, count=jnp.minimum(total, size))

    def neutral(self) -> "LatestRows":
        """An empty window of the same shape."""
        return self._replace(values=jnp.zeros_like(self.values), count=jnp.zeros_like(self.count))

    def merged(self, other: "LatestRows") -> "LatestRows":
        """The latest rows of both, with the rows of the other window last."""
        return self.extended(other.values, jnp.arange(len(other.values)) < other.count)
