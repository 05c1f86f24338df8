"""`MeanOfScores`: the base of metrics that are the mean of a cost of labels and scores."""

from typing import Any, ClassVar, Unpack

import jax

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.classification._labels import Labels
from jax_metrics.metrics.probabilities._scores import Scored, read_scores, sums_to_one


class MeanOfScores(MeanOf):
    """The base of metrics that are the mean of a cost of labels and scores.

    A subclass defines `costs`, which maps `Scored` to the cost of each target.

    - Binary: target 0 or 1, `[...]`; predictions of the same shape.
    - Classes, with `num_classes`: target integers, `[...]`; predictions `[..., num_classes]`.
    - Labels, with `num_labels`: both `[..., num_labels]`; the mean is over examples and labels.

    Predictions are floats. The value is NaN before the first update.

    Args:
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits, and not probabilities.
        ignore_index: Where the target is this, nothing counts.
        **options: See `Metric`.
    """

    higher_is_better = False
    bounded: ClassVar[bool] = True  # whether scores are probabilities

    def __init__(
        self,
        *,
        num_classes: int | None = None,
        num_labels: int | None = None,
        from_logits: bool = False,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            num_classes, num_labels, from_logits=from_logits, ignore_index=ignore_index
        ).checked()

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `MeanOfScores` for shapes and dtypes."""
        scored = read_scores(self.labels, target, preds, sample_weight, mask, bounded=self.bounded)
        rules = scored.rules
        if self.bounded:
            rules += sums_to_one(self.labels, scored)
        costs = self.costs(scored) + check_rules(rules)
        if sample_weight is None:  # integers, which sum exactly
            self.add(costs, mask=scored.weight != 0)
        else:
            self.add(costs, scored.weight)

    def costs(self, scored: Scored) -> jax.Array:
        """The cost of each target."""
        raise TypeError(f"{type(self).__name__} must define `costs`.")
