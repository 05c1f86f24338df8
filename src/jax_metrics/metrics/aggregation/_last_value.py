"""The last of plain values."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class Last(Accumulator):
    """A value, and whether it is one; the later of two is kept.

    Attributes:
        value: A scalar.
        given: Whether there has been one.
    """

    value: jax.Array = MetricState.node()
    given: jax.Array = MetricState.node()

    def __init__(self, value: Any = jnp.nan, given: Any = False, dtype: Any = jnp.float32):
        self.value = jnp.asarray(value, dtype)
        self.given = jnp.asarray(given)

    def neutral(self) -> "Last":
        """None yet."""
        return self._with(jnp.full_like(self.value, jnp.nan), jnp.zeros_like(self.given))

    def merged(self, other: "Last") -> "Last":
        """The other one, if there is one."""
        value = jnp.where(other.given, other.value, self.value)
        return self._with(value, self.given | other.given)

    def _with(self, value: jax.Array, given: jax.Array) -> "Last":
        made = object.__new__(Last)
        made.__setstate__({"value": value, "given": given})
        return made


class LastValue(Metric):
    """The last value that counts, such as a learning rate; NaN before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape. Merged metrics give the
    value of the last one that has seen any.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.LastValue().update(jnp.array([1.0, 2.0])).update(3.0).compute())
        3.0
    """

    last: Last

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.last = Last(dtype=self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Takes values in."""
        values = jnp.asarray(values, self.dtype)
        counts = weights(values.shape, sample_weight, mask).reshape(-1) != 0
        index = jnp.max(jnp.where(counts, jnp.arange(values.size), 0))
        self.last = self.last.merged(Last(values.reshape(-1)[index], counts.any(), self.dtype))

    def compute(self) -> jax.Array:
        """The last value."""
        return self.last.value
