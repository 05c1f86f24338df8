"""`Throughput`: how much is done in a second."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import Total


class Throughput(Metric):
    """How many things are done in a second, as examples or tokens; NaN before the first update.

    `update(count, seconds)`: how many were done, and how long it took. Measure after
    `jax.block_until_ready`, since JAX returns before it has finished. Counts and seconds both add
    up, so merged over workers that run side by side it is the mean rate of one of them.

    Example:
        >>> import jax_metrics as jm
        >>> throughput = jm.metrics.Throughput()
        >>> float(throughput.update(count=64, seconds=0.5).update(count=64, seconds=0.3).compute())
        160.0
    """

    higher_is_better = True
    count: Total
    seconds: Total

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.count = Total.zeros((), self.dtype)
        self.seconds = Total.zeros((), self.dtype)

    def update(self, *, count: Any, seconds: Any) -> Any:
        """Takes in how many were done, an integer, and the seconds it took."""
        seconds = jnp.asarray(seconds, self.dtype)
        fault = check(seconds >= 0, "seconds must not be negative; subtract the earlier time.")
        self.count += jnp.asarray(count).sum()
        self.seconds += seconds.sum() + fault

    def compute(self) -> jax.Array:
        """The rate, a second."""
        return self.count.value / self.seconds.value
