"""`Classwise`: names the value of each class."""

from collections.abc import Sequence
from typing import Unpack

import jax

from jax_metrics.arguments import distinct
from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.tree import copy


class Classwise(Composite):
    """Turns the array of a metric, with a value for each class, into a dict of named values.

    Args:
        metric: The metric, such as `Recall(num_classes=3, average=None)`; it is copied.
        labels: Names of the classes, by default `"0"`, `"1"` and so on.
        prefix: A prefix of the names, by default the name of the metric and `_`.
        postfix: A postfix of the names.

    Raises:
        ValueError: If a label is repeated, or the numbers of labels and values differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> precision = jm.metrics.Precision(num_classes=2, average=None)
        >>> classwise = jm.metrics.Classwise(precision, labels=["cat", "dog"])
        >>> value = classwise(target=jnp.array([0, 1, 1]), preds=jnp.array([0, 0, 1]))
        >>> {name: float(precision) for name, precision in value.items()}
        {'precision_cat': 0.5, 'precision_dog': 1.0}
    """

    metric: Metric

    def __init__(
        self,
        metric: Metric,
        *,
        labels: Sequence[str] | None = None,
        prefix: str | None = None,
        postfix: str = "",
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.metric = copy(metric, arrays=True)
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        self.labels = None if labels is None else distinct("labels", labels)
        self.prefix = f"{metric.name}_" if prefix is None else prefix
        self.postfix = postfix

    def parts(self) -> list[Metric]:
        """The metric."""
        return [self.metric]

    def compute(self) -> dict[str, jax.Array]:
        """The value of each class by name."""
        values = self.metric.compute()
        shape = getattr(values, "shape", ())
        if not shape or (self.labels is not None and len(self.labels) != len(values)):
            is_array = hasattr(values, "shape")
            given = f"an array of shape {shape}" if is_array else f"a {type(values).__name__}"
            raise ValueError(
                f"Classwise needs one value for each label, but {type(self.metric).__name__} "
                f"returns {given} and the labels are {self.labels}. Give the metric "
                "`average=None`, and a label for each class."
            )
        labels = range(len(values)) if self.labels is None else self.labels
        return {
            f"{self.prefix}{label}{self.postfix}": value
            for label, value in zip(labels, values, strict=True)
        }
