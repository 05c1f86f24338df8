"""The numbers of true and false positives and negatives."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.classification._outcomes import (
    Outcomes,
    add_outcomes,
    count_outcomes,
    zero_outcomes,
)
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class StatScores(LabelMetric):
    """True and false positives, true and false negatives, and the support.

    The last axis of the value holds them in this order: `tp, fp, tn, fn, support`. They are floats,
    which round counts above 2**24; the state `outcomes`, a `Total` of `tp, fp, fn, tn` along its
    first axis, is exact.

    Args:
        average: None gives `[num_classes, 5]` or `[num_labels, 5]`; `"micro"` counts all of them
            together and gives `[5]`, as does a binary target.
        **options: See `Labels`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 2, 2]), jnp.array([0, 2, 2, 2])
        >>> jm.metrics.StatScores(num_classes=3)(target=target, preds=preds)
        Array([[1., 0., 3., 0., 1.],
               [0., 0., 3., 1., 1.],
               [2., 1., 1., 0., 2.]], dtype=float32)
        >>> jm.metrics.stat_scores(target, preds, num_classes=3, average="micro")
        Array([3., 1., 7., 1., 4.], dtype=float32)
    """

    bounds = (0, None)
    outcomes: Total

    def __init__(self, *, average: str | None = None, **options: Unpack[LabelOptions]):
        one_of("average", average, ("micro", None))
        super().__init__(**options)
        self.together = average == "micro"
        self.outcomes = zero_outcomes(self.labels, self.dtype, together=self.together)

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        outcomes, fault = count_outcomes(batch, self.labels, together=self.together)
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def compute(self) -> jax.Array:
        """The counts, `[..., 5]`."""
        counts = Outcomes(*self.outcomes.value)
        return jnp.stack([counts.tp, counts.fp, counts.tn, counts.fn, counts.support], -1)


stat_scores = functional(StatScores)
