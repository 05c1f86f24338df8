"""`Cat`: concatenates values, up to a capacity."""

from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_exact, weights
from jax_metrics.metrics.state import Buffer


class Collected(NamedTuple):
    """The value of `Cat`.

    Attributes:
        values: The rows, `[capacity, *shape]`; those from index `size` on are zero.
        size: The number of rows.
        overflowed: Whether rows were dropped because the buffer was full.
    """

    values: jax.Array
    size: jax.Array
    overflowed: jax.Array


class Cat(Metric):
    """Concatenates values along the first axis, up to a capacity.

    `update(values, sample_weight=None, mask=None)`: values `[batch, *shape]`, the others `[batch]`.
    Rows of weight zero are left out; other weights make no difference. Once the buffer is full,
    further rows are dropped and `overflowed` becomes true. With an integer `dtype`, rows are
    integers; a floating `dtype` refuses integers that it would round.

    Args:
        capacity: The maximum number of rows.
        shape: Shape of a row.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cat = jm.metrics.Cat(4).update(jnp.array([1.0, 2.0])).update(jnp.array([3.0]))
        >>> values, size, overflowed = cat.compute()
        >>> values[:size], bool(overflowed)
        (Array([1., 2., 3.], dtype=float32), False)
    """

    weights_repeat = False
    keeps_integers = True
    buffer: Buffer

    def __init__(self, capacity: int, *, shape: tuple[int, ...] = (), **options: Unpack[Common]):
        super().__init__(**options)
        self.buffer = Buffer(capacity, shape, self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with rows."""
        values = jnp.asarray(values)
        weight = weights(values.shape[:1], sample_weight, mask)
        values = as_exact(values, self.dtype, weight)
        self.buffer = self.buffer.extended(values, weight != 0)

    def compute(self) -> Collected:
        """The rows, their number, and whether some were dropped."""
        return Collected(self.buffer.values, self.buffer.count, self.buffer.overflowed)
