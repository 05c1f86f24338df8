"""Metrics of distances from and between cluster centers: Davies-Bouldin, Dunn."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering._function import DataFunction, function_of_data
from jax_metrics.metrics.clustering._kept_data import Clusters, KeptData, KeptDataOptions
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.pairwise import norm


class DaviesBouldinScore(KeptData):
    """The mean similarity of each cluster to its most similar cluster; at least 0.

    The similarity of two clusters is the sum of the mean distances of their rows from their
    centers, divided by the distance between the centers. See `KeptData` for the options.

    Source: Davies, Bouldin, A Cluster Separation Measure, 1979.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> data, labels = jnp.array([[0.0], [2.0], [9.0], [9.0]]), jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.DaviesBouldinScore(capacity=8, num_clusters=2, num_features=1)
        >>> float(metric(data=data, labels=labels))
        0.125
        >>> float(jm.metrics.davies_bouldin_score(data, labels))
        0.125
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, **options: Unpack[KeptDataOptions]):
        super().__init__(**options)

    def score(self, clusters: Clusters) -> jax.Array:
        """The mean over clusters."""
        centers, used = clusters.centers(), clusters.used
        spread = clusters.mean(norm(clusters.data - centers[clusters.labels], 2))
        distance = norm(centers[:, None] - centers, 2)
        similarity = divide(spread[:, None] + spread, distance, 0.0)
        largest = jnp.where(used[:, None] & used, similarity, 0).max(1)
        return jnp.where(used, largest, 0).sum() / used.sum()


class DunnIndex(KeptData):
    """The smallest distance between two centers over the largest distance of a row from its center.

    At least 0.

    Args:
        p: The order of the norm: 1 is the Manhattan distance, 2 the Euclidean one; may be infinity.
        **options: See `KeptData`.

    Source: Dunn, A Fuzzy Relative of the ISODATA Process, 1973.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> data, labels = jnp.array([[0.0], [2.0], [9.0], [9.0]]), jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.DunnIndex(capacity=8, num_clusters=2, num_features=1)
        >>> float(metric(data=data, labels=labels))
        8.0
        >>> float(jm.metrics.dunn_index(data, labels))
        8.0
    """

    higher_is_better = True
    bounds = (0, None)

    def __init__(self, *, p: float = 2, **options: Unpack[KeptDataOptions]):
        super().__init__(**options)
        if not p >= 1:
            raise ValueError(f"p must be a number, 1 or more, but is {p}.")
        self.p = p

    def score(self, clusters: Clusters) -> jax.Array:
        """The quotient."""
        centers, used = clusters.centers(), clusters.used
        pairs = used[:, None] & used & ~jnp.eye(used.size, dtype=bool)
        between = jnp.where(pairs, norm(centers[:, None] - centers, self.p), jnp.inf).min()
        within = norm(clusters.data - centers[clusters.labels], self.p)
        return between / jnp.where(clusters.weight != 0, within, 0).max()


davies_bouldin_score: DataFunction[jax.Array] = function_of_data(
    DaviesBouldinScore, "davies_bouldin_score"
)
dunn_index: DataFunction[jax.Array] = function_of_data(DunnIndex, "dunn_index")
