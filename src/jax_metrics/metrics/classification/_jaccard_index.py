"""Jaccard index: intersection over union."""

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import Counting
from jax_metrics.metrics.classification._outcomes import Outcomes


class JaccardIndex(Counting):
    """Intersection over union of target and predictions, `tp / (tp + fp + fn)`.

    With `num_classes` and `average="macro"` it is the mean IoU of a segmentation. See `Counting`
    for the options.

    Source: Jaccard: The Distribution of the Flora in the Alpine Zone (1912).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 1], [1, 1]]), jnp.array([[0, 0], [1, 1]])
        >>> jm.metrics.JaccardIndex(num_classes=2, average=None)(target=target, preds=preds)
        Array([0.5      , 0.6666667], dtype=float32)
        >>> float(jm.metrics.jaccard_index(target, preds))
        0.6666666865348816
    """

    def score(self, counts: Outcomes) -> jax.Array:
        """The index, for each class or for all together."""
        return self.ratio(counts.tp, counts.support + counts.fp)


jaccard_index = functional(JaccardIndex)
