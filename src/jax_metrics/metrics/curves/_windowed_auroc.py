"""AUROC of the last examples."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.curves._auroc import AUROC
from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class Window(Accumulator):
    """The last rows that came, up to some number, in the order that they came in.

    Merging puts the rows of the other one after those of this one, and keeps the last of both.

    Args:
        size: How many rows it holds.
        shape: Shape of a row.
        dtype: Of the values.

    Attributes:
        values: The rows, `[size, *shape]`; those from `count` on are zero.
        count: How many rows are in it, an int32.
    """

    values: jax.Array = MetricState.node()
    count: jax.Array = MetricState.node()

    def __init__(self, size: int, shape: tuple[int, ...] = (), dtype: Any = jnp.float32):
        if size < 1:
            raise ValueError(f"A window needs a size of at least 1; got {size}.")
        self.values = jnp.zeros((size, *shape), dtype)
        self.count = jnp.zeros((), jnp.int32)

    def extended(self, rows: jax.Array, mask: jax.Array) -> "Window":
        """The window moved on to more rows, `[batch, *shape]`, of which the mask takes some."""
        size = self.values.shape[0]
        total = self.count + mask.sum(dtype=jnp.int32)
        gone = jnp.maximum(total - size, 0)
        own = jnp.arange(size)
        own = jnp.where((own < self.count) & (own >= gone), own - gone, size)
        new = self.count + jnp.cumsum(mask) - 1 - gone
        new = jnp.where(mask & (new >= 0), new, size)
        made = self.neutral()
        values = made.values.at[own].set(self.values, mode="drop")
        made.values = values.at[new].set(jnp.asarray(rows, values.dtype), mode="drop")
        made.count = jnp.minimum(total, size)
        return made

    def neutral(self) -> "Window":
        """An empty window of the same shape."""
        made = object.__new__(Window)
        made.__setstate__(
            {"values": jnp.zeros_like(self.values), "count": jnp.zeros_like(self.count)}
        )
        return made

    def merged(self, other: "Window") -> "Window":
        """The last rows of both, those of the other one last."""
        return self.extended(other.values, jnp.arange(len(other.values)) < other.count)


class WindowedAUROC(AUROC):
    """The exact `AUROC` of the last examples.

    Those that another metric saw, which is merged into this one, count as later ones.

    Args:
        window: How many examples.
        **options: Those of `AUROC`, without `thresholds` and `capacity`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> metric = jm.metrics.WindowedAUROC(window=2)
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.9, 0.4, 0.5, 0.8])
        >>> float(metric.update(target=target, preds=preds).compute())
        1.0
    """

    def __init__(self, *, window: int, **options: Any):
        super().__init__(capacity=1, **options)
        self.held = Window(window, (*self.labels.shape, 2), self.held.values.dtype)
