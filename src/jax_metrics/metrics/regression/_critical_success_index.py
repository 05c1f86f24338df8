"""Critical success index, of forecasts of events."""

from typing import Any, Unpack

import jax

from jax_metrics.arguments import pair
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.state import Total


class CriticalSuccessIndex(Metric):
    """The fraction `hits / (hits + misses + false alarms)`; also called threat score.

    A value of at least the threshold is an event. A hit is an event in both `target` and `preds`, a
    miss is an event in `target` only, a false alarm is an event in `preds` only. NaN is not an
    event.

    Source: Schaefer, The Critical Success Index as an Indicator of Warning Skill, 1990.

    Args:
        threshold: The lowest value that is an event.
        zero_division: The value where there are no events.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.2, 0.7, 0.9]), jnp.array([0.8, 0.7, 0.1])
        >>> csi = jm.metrics.CriticalSuccessIndex(threshold=0.5)
        >>> print(f"{csi(target=target, preds=preds):.4f}")
        0.3333
        >>> float(jm.metrics.critical_success_index(target, preds, threshold=0.75))
        0.0
    """

    higher_is_better = True
    bounds = (0, 1)
    hits: Total
    misses_and_alarms: Total

    def __init__(self, *, threshold: float, zero_division: float = 0.0, **options: Unpack[Common]):
        super().__init__(**options)
        self.threshold = threshold
        self.zero_division = zero_division
        self.hits, self.misses_and_alarms = (Total.zeros((), self.dtype) for _ in range(2))

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        target, preds = (x >= self.threshold for x in pair(target, preds))
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        self.hits += ((target & preds) * weight).sum()
        self.misses_and_alarms += ((target ^ preds) * weight).sum()

    def compute(self) -> jax.Array:
        """The index."""
        hits = self.hits.value
        return divide(hits, hits + self.misses_and_alarms.value, self.zero_division)


critical_success_index = functional(CriticalSuccessIndex)
