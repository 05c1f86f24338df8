"""`MeanCost`: the base of metrics that are the mean of a cost of labels and scores."""

from typing import Any, ClassVar, Unpack

import jax

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import Labels, ScoreBatch, read_scores, sum_to_one


class MeanCostOptions(Common, total=False):
    """The options of `MeanCost`."""

    num_classes: int | None
    num_labels: int | None
    from_logits: bool
    ignore_index: int | None


class MeanCost(WeightedMean):
    """The base of metrics that are the mean of a cost of labels and scores.

    A subclass defines `costs`, which maps a `ScoreBatch` to the cost of each target.

    - Binary: target 0 or 1, `[...]`; predictions of the same shape.
    - Classes, with `num_classes`: target integers, `[...]`; predictions `[..., num_classes]`.
    - Labels, with `num_labels`: both `[..., num_labels]`; the mean is over examples and labels.

    Predictions are floats. The value is NaN before the first update.

    Args:
        num_classes: Number of classes.
        num_labels: Number of labels.
        from_logits: Whether predictions are logits instead of probabilities.
        ignore_index: Examples with this target are ignored.
        **options: See `Metric`.
    """

    higher_is_better = False
    bounds = (0, None)
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
        """Updates with a batch; see `MeanCost` for shapes and dtypes."""
        batch = read_scores(self.labels, target, preds, sample_weight, mask, bounded=self.bounded)
        rules = batch.rules
        if self.bounded:
            rules += sum_to_one(self.labels, batch)
        costs = self.costs(batch) + check_rules(rules)
        if sample_weight is None:  # a mask makes integer weights, which sum exactly
            self.add(costs, mask=batch.weight != 0)
        else:
            self.add(costs, batch.weight)

    def costs(self, batch: ScoreBatch) -> jax.Array:
        """The cost of each target."""
        raise TypeError(f"{type(self).__name__} must define `costs`.")
