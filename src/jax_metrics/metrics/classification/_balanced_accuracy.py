"""Balanced accuracy: the mean recall of the classes."""

from typing import Unpack

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.counts import bincount, checked_bincount, divide
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class BalancedAccuracy(LabelMetric):
    """The mean recall over the classes that occur in the target.

    A binary target has two classes, so it is the mean of recall and specificity.

    Args:
        adjusted: Whether to rescale so that chance gives 0: `(value - 1 / n) / (1 - 1 / n)` with n
            classes in the target. 1 stays 1.
        zero_division: The value before the first update and, if `adjusted`, where the target has a
            single class.
        **options: See `Labels`.

    Source: Brodersen et al.: The Balanced Accuracy and Its Posterior Distribution (2010).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 0, 1]), jnp.array([0, 0, 0, 0])
        >>> float(jm.metrics.BalancedAccuracy()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.balanced_accuracy(target, preds, adjusted=True))
        0.0
    """

    higher_is_better = True
    bounds = (0, 1)
    correct: Total
    support: Total

    def __init__(
        self,
        *,
        adjusted: bool = False,
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(**options)
        if self.labels.num_labels is not None:
            raise ValueError(
                "BalancedAccuracy needs a binary target or classes, which are mutually exclusive; "
                f"got num_labels={self.labels.num_labels}. For labels use `Accuracy` or `Recall`."
            )
        self.adjusted = adjusted
        if adjusted:
            self.bounds = (-1, 1)
        self.zero_division = zero_division
        classes = self.labels.num_classes or 2
        self.correct, self.support = (Total.zeros((classes,), self.dtype) for _ in range(2))

    def count(self, batch: LabelBatch) -> None:
        """Adds the correct predictions and the examples of each class."""
        target, preds, weight, rules = batch
        classes = self.labels.num_classes or 2
        support, fault = checked_bincount(target, weight, classes, rules)
        correct = bincount(target, (target == preds) * weight, classes)
        self.support = (self.support + support).marked(fault)
        self.correct = (self.correct + correct).marked(fault)

    def compute(self) -> jax.Array:
        """The mean recall."""
        correct, support = self.correct.value, self.support.value
        recalls = divide(correct, support, 0.0)
        classes = (support != 0).sum()
        if not self.adjusted:
            return divide(recalls.sum(), classes, self.zero_division)
        above_chance = recalls.sum() - 1
        return divide(above_chance, (classes - 1).clip(0), self.zero_division)


balanced_accuracy = functional(BalancedAccuracy)
