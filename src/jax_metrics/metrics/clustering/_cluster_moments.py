"""`ClusterMoments`: the mean and the spread of each cluster, in one pass."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering._sums import sums
from jax_metrics.metrics.state import (
    Moments,
    ordinary_squares,
    power_of_two,
    scale,
    without_last_bits,
)


class ClusterMoments(Moments):
    """The moments of each feature in each cluster.

    Args:
        num_clusters: The number of clusters.
        num_features: The number of features.
        dtype: Dtype of the state.
    """

    def __init__(self, num_clusters: int, num_features: int, dtype: Any):
        super().__init__(1, (num_clusters, num_features), dtype)

    def updated_by_labels(self, data: jax.Array, labels: jax.Array, weight: jax.Array) -> Any:
        """The moments with a batch added.

        Args:
            data: Floats, `[batch, features]`; 0 where the weight is 0.
            labels: The cluster of each row, `[batch]`.
            weight: The weight of each row, `[batch]`.
        """
        clusters, features = self.mean.shape[:2]
        weight = weight.astype(self.mean.dtype)[:, None]
        count = sums(weight, labels, clusters)
        divisor = jnp.where(count == 0, 1, count)
        # The same number wherever it is used: see `without_last_bits`.
        mean = without_last_bits(sums(weight * data, labels, clusters) / divisor, 1)
        deviations = data - mean[labels]
        # The mean of the deviations is a rounding error, which may be larger than all of them.
        residual = sums(weight * deviations, labels, clusters) / divisor
        deviations -= residual[labels]

        def squares(exponent: jax.Array, factor: Any) -> tuple[jax.Array, jax.Array]:
            return sums(weight * (deviations * factor) ** 2, labels, clusters), exponent

        def scaled() -> tuple[jax.Array, jax.Array]:
            size = jnp.where(weight == 0, 0, abs(deviations))
            exponent = scale(jax.ops.segment_max(size, labels, clusters).clip(0))
            return squares(exponent, power_of_two(-exponent, mean.dtype)[labels])

        plain = squares((0 * mean).astype(jnp.int32), 1)
        fractions, exponent = jax.lax.cond(ordinary_squares(plain[0]).all(), lambda: plain, scaled)
        total = jnp.broadcast_to(count, (clusters, features))
        batch = self._replace(
            count=self.count.neutral() + total,
            mean=mean[..., None],
            residual=residual[..., None],
            fractions=fractions[..., None, None],
            exponent=exponent[..., None],
        )
        return self.merged(batch)
