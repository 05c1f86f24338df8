"""`LastValue`: the last of plain values."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_exact, counted_once, weights
from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import MetricState


class Last(Accumulator):
    """An optional value; merging keeps the later one.

    Attributes:
        value: A scalar; NaN if there is no value yet, or 0 in an integer dtype.
        exists: Whether there is a value.
    """

    value: jax.Array = MetricState.node()
    exists: jax.Array = MetricState.node()

    def __init__(self, value: Any = None, exists: Any = False, dtype: Any = float):
        none = 0 if jnp.issubdtype(dtype, jnp.integer) else jnp.nan
        self.value = jnp.asarray(none if value is None else value, dtype)
        self.exists = jnp.asarray(exists)

    def neutral(self) -> "Last":
        """No value."""
        none = Last(dtype=self.value.dtype).value
        return self._replace(
            value=jnp.full_like(self.value, none), exists=jnp.zeros_like(self.exists)
        )

    def merged(self, other: "Last") -> "Last":
        """The other value if it exists, else this one."""
        value = jnp.where(other.exists, other.value, self.value)
        return self._replace(value=value, exists=self.exists | other.exists)


class LastValue(Metric):
    """The last value of nonzero weight, such as a learning rate; NaN before the first one.

    `update(values, sample_weight=None, mask=None)`: values of any shape. Merging keeps the value of
    the later metric, if it has one. With an integer dtype, which has no NaN, it starts at 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> float(jm.metrics.LastValue().update(jnp.array([1.0, 2.0])).update(3.0).compute())
        3.0
    """

    weights_repeat = False
    keeps_integers = True
    last: Last

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.last = Last(dtype=self.dtype)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""
        values = jnp.asarray(values)
        weight = weights(values.shape, *counted_once(values, sample_weight, mask))
        if not weight.size:  # there is no last one
            return
        values, included = as_exact(values, self.dtype, weight), weight.reshape(-1) != 0
        index = jnp.max(jnp.where(included, jnp.arange(values.size), 0))
        self.last = self.last.merged(Last(values.reshape(-1)[index], included.any(), self.dtype))

    def compute(self) -> jax.Array:
        """The last value."""
        return self.last.value
