"""`KeptData`: the base of metrics that need the data of all clusters at once."""

from collections.abc import Callable
from typing import Any, NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._contingency import check_size
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.clustering._data import read_data
from jax_metrics.metrics.clustering._sums import sums
from jax_metrics.metrics.state import Buffer

_CHUNK, _CHUNKS = 2048, 64  # rows in a chunk at least, unless all are fewer; chunks at most


class KeptDataOptions(Common, total=False):
    """The options of `KeptData`."""

    capacity: int
    num_clusters: int
    num_features: int


class Clusters(NamedTuple):
    """Data in clusters.

    Attributes:
        data: `[rows, features]`; 0 where the weight is 0.
        labels: The cluster of each row, `[rows]`.
        weight: The weight of each row, `[rows]`; 0 for rows that are not in use.
        totals: The sum of the weights in each cluster, `[clusters]`.
    """

    data: jax.Array
    labels: jax.Array
    weight: jax.Array
    totals: jax.Array

    @classmethod
    def of(
        cls, data: jax.Array, labels: jax.Array, weight: jax.Array, num_clusters: int
    ) -> "Clusters":
        """The data of rows with weights, those of weight 0 not in use."""
        return cls(data, labels, weight, sums(weight, labels, num_clusters))

    @property
    def used(self) -> jax.Array:
        """Which clusters have rows, `[clusters]`."""
        return self.totals != 0

    @property
    def undecided(self) -> jax.Array:
        """Whether there are fewer than two clusters, or as many as rows."""
        number, total = self.used.sum(), self.totals.sum()
        return jnp.isnan(total) | (number < 2) | (number >= total)

    def statistics(self, values: Callable[["Clusters"], jax.Array]) -> tuple[jax.Array, jax.Array]:
        """The mean of values of the rows in each cluster, and their largest magnitude.

        Empty clusters have the mean 0; rows that are not in use do not count.

        Args:
            values: Maps some of the rows to floats of them, `[rows, *shape]`. It sees one chunk of
                rows after another: values of all of them would be written to memory, and a
                compiler computes anew for every row what its cluster has, unless a loop divides
                them.
        """
        rows, num_clusters = len(self.labels), self.totals.size
        size = min(max(_CHUNK, num_clusters, -(-rows // _CHUNKS)), rows)

        def of_chunk(first: jax.Array) -> tuple[jax.Array, jax.Array]:
            start = jnp.minimum(first, rows - size)  # the last one begins in the one before it
            data, labels, weight = (
                jax.lax.dynamic_slice_in_dim(array, start, size)
                for array in (self.data, self.labels, self.weight)
            )
            weight = jnp.where(start + jnp.arange(size) < first, 0, weight)
            found = values(self._replace(data=data, labels=labels, weight=weight))
            weight = _as_column(weight, found)
            found = jnp.where(weight == 0, 0, found)
            return sums(weight * found, labels, num_clusters), abs(found).max()

        total, largest = jax.lax.map(of_chunk, jnp.arange(0, rows, size))
        count = _as_column(self.totals, total[0])
        return total.sum(0) / jnp.where(count == 0, 1, count), largest.max()


def _as_column(values: jax.Array, other: jax.Array) -> jax.Array:
    return values.reshape(-1, *[1] * (other.ndim - 1))


class KeptData(Metric):
    """The base of metrics that need the data of all clusters at once, up to a capacity.

    A subclass defines `score`. A sample weight of n counts as n rows; rows of weight zero are not
    kept. NaN before the first update, with fewer than two clusters, with as many clusters as rows,
    and with more rows than the capacity.

    Args:
        capacity: The maximum number of rows. The memory is allocated at once.
        num_clusters: The number of clusters; empty ones do not count.
        num_features: The number of columns of the data.
        **options: See `Metric`.

    Raises:
        ValueError: If a size is less than 1.
    """

    rows: Buffer
    labels: Buffer
    weights: Buffer

    def __init__(
        self, *, capacity: int, num_clusters: int, num_features: int, **options: Unpack[Common]
    ):
        super().__init__(**options)
        check_size(num_clusters=num_clusters, num_features=num_features)
        self.num_clusters = num_clusters
        self.rows = Buffer(capacity, (num_features,), self.dtype)
        self.labels = Buffer(capacity, dtype=jnp.int32)
        self.weights = Buffer(capacity, dtype=self.dtype)

    def update(self, *, data: Any, labels: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch.

        Args:
            data: Numbers, `[batch, num_features]`.
            labels: The cluster of each row, integers from 0 on, `[batch]`.
            sample_weight: The weight of each row.
            mask: Booleans: false excludes a row.
        """
        features = self.rows.values.shape[1]
        batch = read_data(
            data, labels, sample_weight, mask, self.num_clusters, features, self.dtype
        )
        weight = batch.weight.astype(self.dtype) + check_rules(batch.rules).astype(self.dtype)
        included = batch.weight != 0
        self.rows = self.rows.extended(batch.data, included)
        self.labels = self.labels.extended(batch.labels, included)
        self.weights = self.weights.extended(weight, included)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more rows than the capacity."""
        return self.rows.overflowed

    def score(self, clusters: Clusters) -> jax.Array:
        """The value of data in clusters."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def compute(self) -> jax.Array:
        """The value; NaN if there were more rows than the capacity."""
        clusters = Clusters.of(
            self.rows.values, self.labels.values, self.weights.values, self.num_clusters
        )
        return jnp.where(self.overflowed | clusters.undecided, jnp.nan, self.score(clusters))
