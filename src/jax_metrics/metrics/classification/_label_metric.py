"""`LabelMetric`: the base of metrics that compare labels."""

from typing import Any, Unpack

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import LabelBatch, Labels


class LabelMetric(Metric):
    """The base of metrics that read target and predictions as `Labels` and compare them.

    A subclass defines `count`, which adds the labels of a batch to the state, and `compute`.

    Args:
        num_classes: Number of classes, exactly one of which is correct.
        num_labels: Number of labels, each of which is 0 or 1.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        top_k: The target counts as predicted if its score is among the k largest.
        ignore_index: Examples with this target are ignored.
        class_axis: The axis of the classes in scores, or of the labels in target and predictions.
        pos_label: Which label of a binary target is the positive one, 1 or 0.
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
        class_axis: int = -1,
        pos_label: int | bool = 1,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            num_classes,
            num_labels,
            threshold,
            from_logits,
            top_k,
            ignore_index,
            class_axis,
            pos_label,
        ).checked()

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `Labels` for shapes and dtypes."""
        self.count(self.labels.compare(target, preds, sample_weight, mask))

    def count(self, batch: LabelBatch) -> None:
        """Adds the labels of a batch to the state."""
        raise TypeError(f"{type(self).__name__} must define `count`.")
