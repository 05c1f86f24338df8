"""Metrics of distances from and between cluster centers: Davies-Bouldin, Dunn."""

from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering._function import DataFunction, function_of_data
from jax_metrics.metrics.clustering._kept_data import Clusters, KeptData, KeptDataOptions
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.pairwise import norm
from jax_metrics.metrics.state import (
    ordinary_squares,
    power_of_two,
    scale,
    without_last_bits,
)


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
        within = _distances(clusters, 2)
        similarity = divide(within.mean[:, None] + within.mean, within.apart, 0.0)
        largest = jnp.where(_pairs(clusters), similarity, 0).max(1)
        return largest.sum() / clusters.used.sum()


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
        within = _distances(clusters, self.p)
        return jnp.where(_pairs(clusters), within.apart, jnp.inf).min() / within.largest


def _pairs(clusters: Clusters) -> jax.Array:
    """Which pairs of clusters are compared, `[clusters, clusters]`."""
    used = clusters.used
    return used[:, None] & used & ~jnp.eye(used.size, dtype=bool)


class _Distances(NamedTuple):
    """Distances in Euclidean or another norm, all divided by one number.

    Attributes:
        mean: That of the rows of each cluster from its center, `[clusters]`.
        largest: That of the row which is farthest from its center.
        apart: That of each center from the others, `[clusters, clusters]`; 0 for those that are not
            compared.
    """

    mean: jax.Array
    largest: jax.Array
    apart: jax.Array


def _distances(clusters: Clusters, p: float) -> _Distances:
    # The same number wherever it is used: see `without_last_bits`.
    near = without_last_bits(clusters.statistics(lambda chunk: chunk.data)[0], 1)

    def deviations(chunk: Clusters) -> jax.Array:
        return chunk.data - near[chunk.labels]

    # The mean of deviations is what rounding took from a center: much, if the data has an offset.
    rest, _ = clusters.statistics(deviations)
    apart = (near[:, None] - near) + (rest[:, None] - rest)
    apart = jnp.where(_pairs(clusters)[..., None], apart, 0)

    def divided(factor: Any) -> _Distances:
        def distances(chunk: Clusters) -> jax.Array:
            return norm(factor * (deviations(chunk) - rest[chunk.labels]), p)

        return _Distances(*clusters.statistics(distances), norm(factor * apart, p))

    def scaled() -> _Distances:
        size = jnp.maximum(clusters.statistics(deviations)[1], abs(apart).max())
        return divided(power_of_two(-scale(size), size.dtype))

    plain = divided(1)
    largest = jnp.maximum(plain.largest, plain.apart.max())
    return jax.lax.cond(ordinary_squares(largest**2), lambda: plain, scaled)


davies_bouldin_score: DataFunction[jax.Array] = function_of_data(
    DaviesBouldinScore, "davies_bouldin_score"
)
dunn_index: DataFunction[jax.Array] = function_of_data(DunnIndex, "dunn_index")
