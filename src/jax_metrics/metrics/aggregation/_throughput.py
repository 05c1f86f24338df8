"""`Throughput`: examples or other items per second."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import Total


class Throughput(Metric):
    """Items per second, such as examples or tokens; NaN before the first update.

    `update(count, seconds)`: the number of items, and the time they took. Measure the time after
    `jax.block_until_ready`, since JAX returns before it has finished. Merging adds both counts and
    seconds, so merged over parallel workers, the value is the mean rate of a single worker.

    Example:
        >>> import jax_metrics as jm
        >>> throughput = jm.metrics.Throughput()
        >>> float(throughput.update(count=64, seconds=0.5).update(count=64, seconds=0.3).compute())
        160.0
    """

    higher_is_better = True
    bounds = (0, None)
    per_example = ()
    count: Total
    seconds: Total

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)
        self.count = Total.zeros((), self.dtype)
        self.seconds = Total.zeros((), self.dtype)

    def update(self, *, count: Any, seconds: Any) -> Any:
        """Updates with the number of items, an integer, and the seconds they took."""
        seconds = jnp.asarray(seconds, self.dtype)
        fault = check(seconds >= 0, "seconds must not be negative; subtract the earlier time.")
        self.count += Total.sum(count, dtype=self.dtype)
        self.seconds += seconds.sum() + fault

    def compute(self) -> jax.Array:
        """The number of items per second."""
        return self.count.value / self.seconds.value
