"""`PartitionMetric`: the base of metrics that compare clusters with known classes."""

from typing import NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._contingency import ContingencyMetric, check_size
from jax_metrics.metrics._metric import Common


class PartitionOptions(Common, total=False):
    """The options of `PartitionMetric`."""

    num_classes: int
    num_clusters: int | None


class PartitionMetric(ContingencyMetric):
    """The base of metrics that compare clusters, `preds`, with known classes, `target`.

    The labels of clusters do not matter, only which examples are grouped together. The state is the
    contingency matrix, `[num_classes, num_clusters]`; the value is exact in one pass. A sample
    weight of n counts as n examples.

    Args:
        num_classes: The number of classes, which are integers from 0 on. Outside of traced code,
            the function needs neither this nor `num_clusters`, and takes any labels.
        num_clusters: The number of clusters, by default `num_classes`.
        **options: See `Metric`.

    Raises:
        ValueError: If a number is smaller than 1.
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(
        self, *, num_classes: int, num_clusters: int | None = None, **options: Unpack[Common]
    ):
        num_clusters = num_classes if num_clusters is None else num_clusters
        check_size(num_classes=num_classes, num_clusters=num_clusters)
        super().__init__(num_classes, num_clusters, **options)


class Pairs(NamedTuple):
    """Fractions of the pairs of examples.

    Attributes:
        both: The fraction with the same class and the same cluster.
        target: The fraction with the same class.
        preds: The fraction with the same cluster.
    """

    both: jax.Array
    target: jax.Array
    preds: jax.Array


def fractions_of_pairs(matrix: jax.Array) -> Pairs:
    """The fractions of pairs of a contingency matrix; a single example has no pairs."""
    total = matrix.sum()

    def fraction(counts: jax.Array) -> jax.Array:
        # Each factor is at most 1, so that no count of pairs overflows or is rounded.
        others = (counts - 1) / jnp.maximum(total - 1, 1)
        return ((counts / total) * jnp.where(counts == 0, 0, others)).sum()

    return Pairs(fraction(matrix), fraction(matrix.sum(1)), fraction(matrix.sum(0)))


def is_same_partition(matrix: jax.Array) -> jax.Array:
    """Whether each class is one cluster, and each cluster one class."""
    cells = matrix != 0
    return (cells.sum(0).max() <= 1) & (cells.sum(1).max() <= 1)
