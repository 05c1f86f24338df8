"""`ClusterMoments`: the mean and the spread of each cluster, in one pass."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state import Moments, ordinary_squares, power_of_two, scale


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

        def by_cluster(values: jax.Array) -> jax.Array:
            return jax.ops.segment_sum(values, labels, clusters)

        count = by_cluster(weight)
        divisor = jnp.where(count == 0, 1, count)
        mean = by_cluster(weight * data) / divisor
        deviations = data - mean[labels]
        residual = by_cluster(weight * deviations) / divisor

        def squares(exponent: jax.Array, factor: Any) -> tuple[jax.Array, jax.Array]:
            # The mean of the deviations is a rounding error, small unless all deviations are.
            total = by_cluster(weight * (deviations * factor) ** 2)
            rest = count * jnp.ldexp(residual, -exponent) ** 2
            return jnp.maximum(total - rest, 0), exponent

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
