"""Homogeneity, completeness and their harmonic mean."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering._function import LabelsFunction, function_of_labels
from jax_metrics.metrics.clustering._information import entropies, mutual_information
from jax_metrics.metrics.clustering._partition import PartitionMetric, PartitionOptions
from jax_metrics.metrics.counts import divide


class HomogeneityScore(PartitionMetric):
    """To what extent each cluster contains members of a single class only, from 0 to 1.

    The mutual information over the entropy of the classes; 1 for a single class. See
    `PartitionMetric` for the options.

    Source: Rosenberg, Hirschberg, V-Measure: A Conditional Entropy-Based External Cluster
    Evaluation Measure, 2007.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.HomogeneityScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        1.0000
        >>> print(f"{jm.metrics.homogeneity_score(target, preds):.4f}")
        1.0000
    """

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The homogeneity."""
        return _parts(matrix)[0]


class CompletenessScore(PartitionMetric):
    """To what extent all members of a class are in the same cluster, from 0 to 1.

    The mutual information over the entropy of the clusters; 1 for a single cluster. See
    `PartitionMetric` for the options.

    Source: Rosenberg, Hirschberg, V-Measure: A Conditional Entropy-Based External Cluster
    Evaluation Measure, 2007.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.CompletenessScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.6667
        >>> print(f"{jm.metrics.completeness_score(target, preds):.4f}")
        0.6667
    """

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The completeness."""
        return _parts(matrix)[1]


class VMeasureScore(PartitionMetric):
    """The weighted harmonic mean of homogeneity and completeness, from 0 to 1.

    `(1 + beta) * h * c / (beta * h + c)`; 0 if both are 0.

    Args:
        beta: Larger values weight completeness more.
        **options: See `PartitionMetric`.

    Source: Rosenberg, Hirschberg, V-Measure: A Conditional Entropy-Based External Cluster
    Evaluation Measure, 2007.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.VMeasureScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.8000
        >>> print(f"{jm.metrics.v_measure_score(target, preds, beta=0.5):.4f}")
        0.8571
    """

    def __init__(self, *, beta: float = 1.0, **options: Unpack[PartitionOptions]):
        super().__init__(**options)
        if not beta >= 0:
            raise ValueError(f"beta must not be negative, but is {beta}.")
        self.beta = beta

    def score(self, matrix: jax.Array) -> jax.Array:
        """The measure."""
        homogeneity, completeness = _parts(matrix)
        product = (1 + self.beta) * homogeneity * completeness
        return divide(product, self.beta * homogeneity + completeness, 0.0)


def _parts(matrix: jax.Array) -> list[jax.Array]:
    """Homogeneity and completeness."""
    information = mutual_information(matrix)
    return [jnp.minimum(divide(information, part, 1.0), 1) for part in entropies(matrix)]


homogeneity_score: LabelsFunction[jax.Array] = function_of_labels(
    HomogeneityScore, "homogeneity_score"
)
completeness_score: LabelsFunction[jax.Array] = function_of_labels(
    CompletenessScore, "completeness_score"
)
v_measure_score: LabelsFunction[jax.Array] = function_of_labels(VMeasureScore, "v_measure_score")
