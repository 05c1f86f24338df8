"""Silhouette: how much closer each row is to its own cluster than to the nearest other one."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._contingency import check_size
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.clustering._data import read_data
from jax_metrics.metrics.clustering._function import DataFunction, function_of_data
from jax_metrics.metrics.clustering._kept_data import Clusters, KeptData, KeptDataOptions
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.state import power_of_two, scale
from jax_metrics.module import MetricState

DISTANCES = ("euclidean", "manhattan")
_BLOCK = 64  # rows whose distances from all others are held at once


class SilhouetteScore(KeptData):
    """The mean silhouette of the rows, from -1 to 1.

    For a row with mean distance a from the other rows of its cluster, and mean distance b from the
    rows of the nearest other cluster, it is `(b - a) / max(a, b)`; 0 for a row that is alone in its
    cluster. All pairs of rows are compared, in blocks, so that memory does not grow with their
    number.

    Args:
        distance: `"euclidean"` or `"manhattan"`.
        **options: See `KeptData`.

    Source: Rousseeuw, Silhouettes: a Graphical Aid to the Interpretation and Validation of Cluster
    Analysis, 1987.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> data, labels = jnp.array([[0.0], [2.0], [8.0], [8.0]]), jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.SilhouetteScore(capacity=8, num_clusters=2, num_features=1)
        >>> print(f"{metric(data=data, labels=labels):.4f}")
        0.8542
        >>> jm.metrics.silhouette_samples(data, labels).round(4)
        Array([0.75  , 0.6667, 1.    , 1.    ], dtype=float32)
    """

    higher_is_better = True
    bounds = (-1, 1)

    def __init__(self, *, distance: str = "euclidean", **options: Unpack[KeptDataOptions]):
        super().__init__(**options)
        one_of("distance", distance, DISTANCES)
        self.distance = distance

    def score(self, clusters: Clusters) -> jax.Array:
        """The mean of the silhouettes."""
        values = _silhouettes(clusters, self.distance)
        return (clusters.weight * values).sum() / clusters.weight.sum()


class _SilhouetteSamples(Metric):
    """The silhouette of each row, from -1 to 1; 0 for rows that are masked."""

    values: jax.Array = MetricState.node()

    def __init__(
        self, *, num_clusters: int, distance: str = "euclidean", **options: Unpack[Common]
    ):
        super().__init__(**options)
        check_size(num_clusters=num_clusters)
        one_of("distance", distance, DISTANCES)
        self.num_clusters = num_clusters
        self.distance = distance
        self.values = jnp.zeros((), self.dtype)

    def update(self, *, data: Any, labels: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Computes the values of a batch."""
        features = (*jnp.shape(data), 1)[1]
        batch = read_data(
            data, labels, sample_weight, mask, self.num_clusters, features, self.dtype
        )
        clusters = Clusters.of(batch.data, batch.labels, batch.weight, self.num_clusters)
        values = _silhouettes(clusters, self.distance)
        values = jnp.where(clusters.undecided | (batch.weight == 0), 0, values)
        undecided = jnp.where(clusters.undecided, jnp.nan, 0)
        self.values = (values + undecided + check_rules(batch.rules)).astype(self.dtype)

    def compute(self) -> jax.Array:
        """The values."""
        return self.values


def _silhouettes(clusters: Clusters, distance: str) -> jax.Array:
    """The silhouette of each row, `[rows]`."""
    size = clusters.totals.size
    members = (clusters.labels[:, None] == jnp.arange(size)) * clusters.weight[:, None]
    # Silhouettes have no unit, so squares of differences need neither overflow nor vanish.
    included = (clusters.weight != 0)[:, None]
    lowest = clusters.data.min(0, where=included, initial=jnp.inf)
    highest = clusters.data.max(0, where=included, initial=-jnp.inf)
    data = clusters.data * power_of_two(
        -scale((highest - lowest).max(initial=0)), clusters.data.dtype
    )

    def row(inputs: tuple[jax.Array, jax.Array]) -> jax.Array:
        vector, label = inputs
        differences = data - vector
        if distance == "euclidean":
            distances = jnp.sqrt((differences**2).sum(-1))
        else:
            distances = abs(differences).sum(-1)
        own = jnp.arange(size) == label
        mean = divide((distances[:, None] * members).sum(0), clusters.totals - own, 0.0)
        nearest = jnp.where(own | ~clusters.used, jnp.inf, mean).min()
        value = divide(nearest - mean[label], jnp.maximum(nearest, mean[label]), 0.0)
        return jnp.where(clusters.totals[label] <= 1, 0, value)

    return jax.lax.map(row, (data, clusters.labels), batch_size=_BLOCK)


silhouette_score: DataFunction[jax.Array] = function_of_data(SilhouetteScore, "silhouette_score")
silhouette_samples: DataFunction[jax.Array] = function_of_data(
    _SilhouetteSamples, "silhouette_samples"
)
