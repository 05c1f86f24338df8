"""Metrics of pairs of examples: Rand index, its adjusted form, Fowlkes-Mallows index."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering._function import LabelsFunction, function_of_labels
from jax_metrics.metrics.clustering._partition import (
    PartitionMetric,
    PartitionOptions,
    fractions_of_pairs,
    is_same_partition,
)
from jax_metrics.metrics.counts import divide


class RandScore(PartitionMetric):
    """The fraction of pairs of examples on which classes and clusters agree, from 0 to 1.

    They agree if both group the pair together, or both separate it. See `PartitionMetric` for the
    options.

    Source: Rand, Objective Criteria for the Evaluation of Clustering Methods, 1971.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.RandScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.8333
        >>> print(f"{jm.metrics.rand_score(target, preds):.4f}")
        0.8333
    """

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The index."""
        pairs = fractions_of_pairs(matrix)
        differing = (pairs.target - pairs.both) + (pairs.preds - pairs.both)
        return jnp.where(is_same_partition(matrix), 1, 1 - differing)


class AdjustedRandScore(PartitionMetric):
    """The Rand index, adjusted for chance; 1 for the same partition.

    At least -0.5; the expected value of random clusterings with the same sizes is 0. See
    `PartitionMetric` for the options.

    Source: Hubert, Arabie, Comparing Partitions, 1985.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.AdjustedRandScore(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.5714
        >>> print(f"{jm.metrics.adjusted_rand_score(target, preds):.4f}")
        0.5714
    """

    bounds = (-0.5, 1)

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The adjusted index."""
        both, target, preds = fractions_of_pairs(matrix)
        expected = target * preds
        value = divide(both - expected, (target + preds) / 2 - expected, 0.0)
        return jnp.where(is_same_partition(matrix), 1, value)


class FowlkesMallowsIndex(PartitionMetric):
    """The geometric mean of precision and recall of pairs of examples, from 0 to 1.

    A pair is positive if it has the same class, and predicted positive if it has the same cluster.
    The value is 0 if no pair has both. See `PartitionMetric` for the options.

    Source: Fowlkes, Mallows, A Method for Comparing Two Hierarchical Clusterings, 1983.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.FowlkesMallowsIndex(num_classes=2, num_clusters=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.7071
        >>> print(f"{jm.metrics.fowlkes_mallows_index(target, preds):.4f}")
        0.7071
    """

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The index."""
        both, target, preds = fractions_of_pairs(matrix)
        ratios = (jnp.sqrt(divide(both, pairs, 0.0)) for pairs in (target, preds))
        first, second = ratios
        return first * second


class PairConfusionMatrix(PartitionMetric):
    """The confusion matrix of ordered pairs of examples: same class or not, same cluster or not.

    Shape `[2, 2]`. The first axis is whether the classes are the same, the second whether the
    clusters are; each pair is counted in both orders. See `PartitionMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([1, 1, 0, 2])
        >>> metric = jm.metrics.PairConfusionMatrix(num_classes=2, num_clusters=3)
        >>> metric(target=target, preds=preds)
        Array([[8., 0.],
               [2., 2.]], dtype=float32)
        >>> jm.metrics.pair_confusion_matrix(target, preds).sum()
        Array(12., dtype=float32)
    """

    higher_is_better = None
    bounds = (0, None)
    plot_form = "matrix"

    def __init__(self, **options: Unpack[PartitionOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The matrix."""
        total = matrix.sum()
        same_target, same_preds = matrix.sum(1, keepdims=True), matrix.sum(0, keepdims=True)
        # For each cell, the examples that share both, one or neither of its labels.
        both = (matrix * (matrix - 1)).sum()
        target = (matrix * (same_target - matrix)).sum()
        preds = (matrix * (same_preds - matrix)).sum()
        neither = (matrix * (total - same_target - same_preds + matrix)).sum()
        return jnp.array([[neither, preds], [target, both]])


rand_score: LabelsFunction[jax.Array] = function_of_labels(RandScore, "rand_score")
adjusted_rand_score: LabelsFunction[jax.Array] = function_of_labels(
    AdjustedRandScore, "adjusted_rand_score"
)
fowlkes_mallows_index: LabelsFunction[jax.Array] = function_of_labels(
    FowlkesMallowsIndex, "fowlkes_mallows_index"
)
pair_confusion_matrix: LabelsFunction[jax.Array] = function_of_labels(
    PairConfusionMatrix, "pair_confusion_matrix"
)
