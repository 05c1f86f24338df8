"""Calinski-Harabasz index, from the moments of the clusters."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._contingency import check_size
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.clustering._cluster_moments import ClusterMoments
from jax_metrics.metrics.clustering._data import read_data
from jax_metrics.metrics.clustering._function import DataFunction, function_of_data
from jax_metrics.metrics.state import Scaled


class CalinskiHarabaszScore(Metric):
    """How well separated clusters are, relative to their spread; at least 0.

    `(between / (k - 1)) / (within / (n - k))` for n rows in k clusters, where `within` is the sum
    over rows of the squared distance from the center of their cluster, and `between` the sum over
    rows of the squared distance of that center from the center of all rows. The value is 1 if
    `within` is 0, and NaN with fewer than two clusters or with as many clusters as rows. The state
    consists of the moments of each cluster, so rows are not kept. A sample weight of n counts as n
    rows.

    Args:
        num_clusters: The number of clusters; empty ones do not count.
        num_features: The number of columns of the data.
        **options: See `Metric`.

    Source: Calinski, Harabasz, A Dendrite Method for Cluster Analysis, 1974.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> data, labels = jnp.array([[0.0], [2.0], [9.0], [9.0]]), jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.CalinskiHarabaszScore(num_clusters=2, num_features=1)
        >>> float(metric(data=data, labels=labels))
        64.0
        >>> float(jm.metrics.calinski_harabasz_score(data, labels))
        64.0
    """

    higher_is_better = True
    bounds = (0, None)
    moments: ClusterMoments

    def __init__(self, *, num_clusters: int, num_features: int, **options: Unpack[Common]):
        super().__init__(**options)
        check_size(num_clusters=num_clusters, num_features=num_features)
        self.moments = ClusterMoments(num_clusters, num_features, self.dtype)

    def update(self, *, data: Any, labels: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch.

        Args:
            data: Numbers, `[batch, num_features]`.
            labels: The cluster of each row, integers from 0 on, `[batch]`.
            sample_weight: The weight of each row.
            mask: Booleans: false excludes a row.
        """
        clusters, features = self.moments.mean.shape[:2]
        batch = read_data(data, labels, sample_weight, mask, clusters, features, self.dtype)
        rows = batch.data + check_rules(batch.rules).astype(batch.data.dtype)
        self.moments = self.moments.updated_by_labels(rows, batch.labels, batch.weight)

    def compute(self) -> jax.Array:
        """The index."""
        moments = self.moments
        count = moments.count.value[:, :1]
        rows, clusters = count.sum(), (count != 0).sum()
        # Centers relative to that of the largest cluster, since an offset would cost precision.
        largest = jnp.argmax(count)
        mean, residual = moments.mean[..., 0], moments.residual[..., 0]
        center = (mean - mean[largest]) + (residual - residual[largest])
        center = jnp.where(count == 0, 0, center)
        deviation = center - (count / rows * center).sum(0)
        between = _sum(Scaled.square(deviation).times(count))
        within = _sum(moments.squares[0])
        freedom = (rows - clusters) / jnp.where(clusters == 1, jnp.nan, clusters - 1)
        ratio = between.over(within).times(freedom).value
        value = jnp.where(within.fraction == 0, 1, ratio)
        return jnp.where((clusters < 2) | (clusters >= rows), jnp.nan, value)


def _sum(numbers: Scaled) -> Scaled:
    """The sum of all numbers."""
    exponent = jnp.max(numbers.exponent)
    return Scaled(jnp.ldexp(numbers.fraction, numbers.exponent - exponent).sum(), exponent)


calinski_harabasz_score: DataFunction[jax.Array] = function_of_data(
    CalinskiHarabaszScore, "calinski_harabasz_score"
)
