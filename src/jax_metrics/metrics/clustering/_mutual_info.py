"""Mutual information of classes and clusters: plain, normalized and adjusted."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics.clustering._function import LabelsFunction, function_of_labels
from jax_metrics.metrics.clustering._information import (
    AVERAGE_METHODS,
    average,
    entropies,
    expected_mutual_information,
    mutual_information,
)
from jax_metrics.metrics.clustering._partition import (
    PartitionMetric,
    PartitionOptions,
    is_same_partition,
)
from jax_metrics.metrics.counts import divide


class MutualInfoScore(PartitionMetric):
    """The information that classes and clusters share, in nats: `sum(p * log(p / (a * b)))`.

    At least 0, and at most the entropy of either. See `PartitionMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 0])
        >>> metric = jm.metrics.MutualInfoScore(num_classes=2)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.6931
        >>> print(f"{jm.metrics.mutual_info_score(target, preds):.4f}")
        0.6931
    """

    bounds = (0, None)

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The mutual information."""
        return mutual_information(matrix)


class NormalizedMutualInfoScore(PartitionMetric):
    """The mutual information over an average of both entropies, from 0 to 1.

    1 if there is a single class and a single cluster.

    Args:
        average_method: The average: `"arithmetic"`, `"geometric"`, `"min"` or `"max"`.
        **options: See `PartitionMetric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.NormalizedMutualInfoScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.8000
        >>> value = jm.metrics.normalized_mutual_info_score(target, preds, average_method="min")
        >>> print(f"{value:.4f}")
        1.0000
    """

    def __init__(self, *, average_method: str = "arithmetic", **options: Unpack[PartitionOptions]):
        super().__init__(**options)
        one_of("average_method", average_method, AVERAGE_METHODS)
        self.average_method = average_method

    def score(self, matrix: jax.Array) -> jax.Array:
        """The normalized information."""
        first, second = entropies(matrix)
        information = mutual_information(matrix)
        value = divide(information, average(first, second, self.average_method), 0.0)
        return jnp.where((first == 0) & (second == 0), 1, jnp.minimum(value, 1))


class AdjustedMutualInfoScore(NormalizedMutualInfoScore):
    """The normalized mutual information, adjusted for chance; 1 for the same partition.

    `(I - E[I]) / (average of entropies - E[I])`, where `E[I]` is the mean over random clusterings
    with the same sizes, so that 0 is expected of a random clustering. Computing it takes a number
    of steps that grows with the square root of the number of examples. Sample weights must be whole
    numbers.

    Args:
        average_method: As in `NormalizedMutualInfoScore`.
        **options: See `PartitionMetric`.

    Source: Vinh, Epps, Bailey, Information Theoretic Measures for Clusterings Comparison, 2010.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.AdjustedMutualInfoScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.5714
        >>> print(f"{jm.metrics.adjusted_mutual_info_score(target, preds):.4f}")
        0.5714
    """

    bounds = (None, 1)

    def count(self, target: jax.Array, preds: jax.Array, weight: jax.Array, *rules: Rule) -> None:
        """Adds pairs of labels with their weights to the matrix."""
        text = "sample_weight must hold whole numbers: how often each example counts."
        rules = (*rules, Rule((weight == jnp.floor(weight)) & (weight >= 0), text))
        super().count(target, preds, weight, *rules)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The adjusted information."""
        entropy = average(*entropies(matrix), self.average_method)
        expected = expected_mutual_information(matrix)
        value = divide(mutual_information(matrix) - expected, entropy - expected, 0.0)
        return jnp.where(is_same_partition(matrix), 1, jnp.minimum(value, 1))


mutual_info_score: LabelsFunction[jax.Array] = function_of_labels(
    MutualInfoScore, "mutual_info_score"
)
normalized_mutual_info_score: LabelsFunction[jax.Array] = function_of_labels(
    NormalizedMutualInfoScore, "normalized_mutual_info_score"
)
adjusted_mutual_info_score: LabelsFunction[jax.Array] = function_of_labels(
    AdjustedMutualInfoScore, "adjusted_mutual_info_score"
)
