"""The counts themselves."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counted import Counted
from jax_metrics.metrics.classification._labels import LabelOptions


class StatScores(Counted):
    """True and false positives, true and false negatives, and how many are in the target.

    The value has them along its last axis in this order: `tp, fp, tn, fn, support`. It is in
    floats, which round what is above 2**24; the state `outcomes`, a `Total` of `tp, fp, fn, tn`
    along its first axis, does not.

    Args:
        average: None gives `[num_classes, 5]` or `[num_labels, 5]`, `"micro"` counts all of them
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

    def __init__(self, *, average: str | None = None, **options: Unpack[LabelOptions]):
        one_of("average", average, ("micro", None))
        super().__init__(average == "micro", **options)

    def compute(self) -> jax.Array:
        """The counts, `[..., 5]`."""
        tp, fp, fn, tn = self.counts
        return jnp.stack([tp, fp, tn, fn, self.counts.support], -1)


stat_scores = functional(StatScores)
