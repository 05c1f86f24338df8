"""Balanced accuracy: the mean recall of the classes."""

from typing import Any, Unpack

import jax

from jax_metrics.metrics._bincount import bincount
from jax_metrics.metrics._checked import checked_bincount
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labelled import Labelled
from jax_metrics.metrics.classification._labels import LabelOptions
from jax_metrics.metrics.state import Total


class BalancedAccuracy(Labelled):
    """The mean, over the classes that occur in the target, of the share that is right of each.

    A binary target has two classes, so it gives the mean of recall and specificity.

    Args:
        adjusted: Whether to map what chance gives to 0: `(value - 1 / n) / (1 - 1 / n)` with n
            classes in the target. 1 stays 1.
        zero_division: The value before the first update, and if `adjusted`, that of one class.
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
    right: Total
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
                "BalancedAccuracy is of a binary target or of classes, which exclude each other; "
                f"got num_labels={self.labels.num_labels}. For labels use `Accuracy` or `Recall`."
            )
        self.adjusted = adjusted
        self.zero_division = zero_division
        classes = self.labels.num_classes or 2
        self.right, self.support = (Total.zeros((classes,), self.dtype) for _ in range(2))

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        target, preds, weight, rules = self.labels.compare(target, preds, sample_weight, mask)
        classes = self.labels.num_classes or 2
        support, fault = checked_bincount(target, weight, classes, rules)
        self.support = self.support + support + fault
        self.right = self.right + bincount(target, (target == preds) * weight, classes) + fault

    def compute(self) -> jax.Array:
        """The mean recall."""
        right, support = self.right.value, self.support.value
        recalls = divide(right, support, 0.0)
        classes = (support != 0).sum()
        if not self.adjusted:
            return divide(recalls.sum(), classes, self.zero_division)
        above_chance = recalls.sum() - 1
        return divide(above_chance, (classes - 1).clip(0), self.zero_division)


balanced_accuracy = functional(BalancedAccuracy)
