"""`ContingencyMetric`: the base of metrics computed from a contingency matrix."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_array, same_shape
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.counts import checked_bincount
from jax_metrics.metrics.inputs import as_labels, weights
from jax_metrics.metrics.state import Total


class ContingencyMetric(Metric):
    """The base of metrics computed from the contingency matrix of target and predictions.

    A subclass defines `score`, which maps the matrix to the value. The value is NaN before the
    first update.

    Args:
        rows: The number of labels of the target.
        columns: The number of labels of the predictions.
        **options: See `Metric`.

    Attributes:
        matrix: How often each pair of target and prediction occurs, `[rows, columns]`.
    """

    matrix: Total

    def __init__(self, rows: int, columns: int, **options: Unpack[Common]):
        super().__init__(**options)
        self.matrix = Total.zeros((rows, columns), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch.

        Args:
            target: Labels, integers from 0 on, `[...]`.
            preds: Labels of the same shape.
            sample_weight: The weight of each example; n counts as n examples.
            mask: Booleans: false excludes an example.
        """
        target, preds = integer_array("target", target), integer_array("preds", preds)
        same_shape(target=target, preds=preds)
        self.count(target, preds, weights(target.shape, sample_weight, mask))

    def count(self, target: jax.Array, preds: jax.Array, weight: jax.Array, *rules: Rule) -> None:
        """Adds pairs of labels with their weights to the matrix; NaN if a rule is broken."""
        rows, columns = self.matrix.high.shape
        inside = [within(x, size) for x, size in ((target, rows), (preds, columns))]
        named = zip(("target", "preds"), inside, (rows, columns), strict=True)
        rules = (*rules, *(label_rule(*one, weight) for one in named))
        cell = jnp.where(inside[0], target, 0) * columns + jnp.where(inside[1], preds, 0)
        counts, fault = checked_bincount(cell, weight, rows * columns, rules)
        counts = counts.reshape(rows, columns)
        self.matrix = self.matrix.plus_counts(counts, weight.size).marked(fault)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The value of a contingency matrix."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def compute(self) -> jax.Array:
        """The value so far."""
        matrix = self.matrix.value
        total = matrix.sum()
        return jnp.where((total == 0) | jnp.isnan(total), jnp.nan, self.score(matrix))


def within(labels: jax.Array, size: int) -> jax.Array:
    """Whether labels lie between 0 and `size - 1`."""
    return (labels >= 0) & (labels < size)


def label_rule(name: str, inside: jax.Array, size: int, weight: jax.Array) -> Rule:
    """The rule that all labels of nonzero weight are inside the range."""
    return Rule(
        inside | (weight == 0),
        f"{name} has labels outside of 0 to {size - 1}. Mask them, or declare more labels when "
        "the metric is made.",
    )


def check_size(**sizes: int) -> None:
    """Checks that numbers of labels are at least 1.

    Raises:
        ValueError: If one is not.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, but is {size}.")


def integer_array(name: str, values: Any) -> jax.Array:
    """Integers as an array, none of them truncated."""
    return as_labels(name, as_array(name, values))
