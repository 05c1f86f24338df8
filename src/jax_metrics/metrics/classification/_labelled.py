"""`Labelled`: the base of metrics that compare labels."""

from typing import Unpack

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.classification._labels import Labels


class Labelled(Metric):
    """A metric that reads target and predictions as `Labels` does, whose options it takes.

    Args:
        num_classes: Number of classes, one of which is right.
        num_labels: Number of labels, each of which is right or not.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        top_k: A class counts as predicted if it is among the k largest scores.
        ignore_index: Where the target is this, nothing counts.
        **options: See `Metric`.
    """

    def __init__(
        self,
        *,
        num_classes: int | None = None,
        num_labels: int | None = None,
        threshold: float = 0.5,
        from_logits: bool = False,
        top_k: int = 1,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            num_classes, num_labels, threshold, from_logits, top_k, ignore_index
        ).checked()
