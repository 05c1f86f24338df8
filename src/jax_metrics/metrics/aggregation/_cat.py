"""The values themselves, up to a capacity."""

from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.state import Buffer


class Collected(NamedTuple):
    """What `Cat` has collected.

    Attributes:
        values: The rows, `[capacity, *shape]`; those from `size` on are zero.
        size: How many rows there are.
        overflowed: Whether more came than there was room for.
    """

    values: jax.Array
    size: jax.Array
    overflowed: jax.Array


class Cat(Metric):
    """Collects values, one row after the other, up to a capacity.

    `update(values, sample_weight=None, mask=None)`: values `[batch, *shape]`, the others `[batch]`.
    A row whose weight is zero is not collected; how large its weight is does not matter else. Rows
    that find no room are left out, and `overflowed` says so.

    Args:
        capacity: How many rows there is room for.
        shape: Shape of a row.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cat = jm.metrics.Cat(4).update(jnp.array([1.0, 2.0])).update(jnp.array([3.0]))
        >>> values, size, overflowed = cat.compute()
        >>> values[:size], bool(overflowed)
        (Array([1., 2., 3.], dtype=float32), False)
    """

    buffer: Buffer

    def __init__(self, capacity: int, *, shape: tuple[int, ...] = (), **options: Unpack[Common]):
        super().__init__(**options)
        self.buffer = Buffer(capacity, shape, self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Takes rows in."""
        values = jnp.asarray(values, self.dtype)
        taken = weights(values.shape[:1], sample_weight, mask) != 0
        self.buffer = self.buffer.extended(values, taken)

    def compute(self) -> Collected:
        """The rows, how many, and whether some were left out."""
        return Collected(self.buffer.values, self.buffer.count, self.buffer.overflowed)
