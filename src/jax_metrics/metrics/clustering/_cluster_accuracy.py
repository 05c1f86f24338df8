"""Accuracy of the best assignment of clusters to classes."""

from typing import Unpack

import jax
import jax.numpy as jnp
import optax

from jax_metrics.metrics.clustering._function import LabelsFunction, function_of_labels
from jax_metrics.metrics.clustering._partition import PartitionMetric, PartitionOptions


class ClusterAccuracy(PartitionMetric):
    """The accuracy under the best one-to-one assignment of clusters to classes.

    From 0 to 1. See `PartitionMetric` for the options.

    Source: Kuhn, The Hungarian Method for the Assignment Problem, 1955.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 1])
        >>> float(jm.metrics.ClusterAccuracy(num_classes=2)(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.cluster_accuracy(target, preds))
        0.75
    """

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The accuracy."""
        numbers = jnp.nan_to_num(matrix)  # the search might not end for NaN
        rows, columns = optax.assignment.hungarian_algorithm(numbers.max() - numbers)
        return matrix[rows, columns].sum() / matrix.sum()


cluster_accuracy: LabelsFunction[jax.Array] = function_of_labels(
    ClusterAccuracy, "cluster_accuracy"
)
