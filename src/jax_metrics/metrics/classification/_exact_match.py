"""Exact match: the fraction of examples that are correct at all positions."""

from typing import Unpack

import jax

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions


class ExactMatch(LabelMetric, WeightedMean):
    """The fraction of examples that are correct at all positions; NaN before the first update.

    With labels, an example is a row of labels, `[..., num_labels]`. Otherwise it is everything at
    one index of the first axis, such as a sentence in `[batch, length]`. Masked and ignored
    positions need not be correct, and an example without other positions is ignored; the weight of
    an example is the largest weight of its positions. See `Labels` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[2, 1, 0], [1, 1, 2]]), jnp.array([[2, 1, 0], [1, 1, 1]])
        >>> float(jm.metrics.ExactMatch(num_classes=3)(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.exact_match(target, preds, num_classes=3, ignore_index=2))
        1.0
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(self, **options: Unpack[LabelOptions]):
        super().__init__(**options)

    def count(self, batch: LabelBatch) -> None:
        """Adds the correct examples of a batch."""
        correct, weight = all_correct(batch, examples_first=self.labels.num_labels is None)
        self.total = self.total + (correct * weight).sum() + check_rules(batch.rules)
        self.weight += weight.sum()


def all_correct(batch: LabelBatch, examples_first: bool) -> tuple[jax.Array, jax.Array]:
    """Whether each example is correct at all positions with a weight; and the example's weight.

    Args:
        batch: The labels.
        examples_first: Whether an example is an index of the first axis; else a row of the last.
    """
    target, preds, weight, _ = batch
    axes = tuple(range(1, target.ndim)) if examples_first else -1
    correct = ((target == preds) | (weight == 0)).all(axes)
    return correct, weight.max(axes, initial=0)


exact_match = functional(ExactMatch)
