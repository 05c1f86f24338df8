"""The Fréchet distance that penalizes copies of real images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._in_float64 import in_float64
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.image._features import (
    FeatureMoments,
    FeatureRows,
    image_weights,
    read_features,
    read_real,
)
from jax_metrics.metrics.image._frechet_distance import distance_of_moments
from jax_metrics.metrics.state import Buffer


class MemorizationInformedFrechetInceptionDistance(Metric):
    """The Fréchet distance divided by a penalty for copies of real images (MIFID).

    The penalty is the mean over the generated images of the smallest cosine distance,
    `1 - abs(cos)`, to a real image, if that mean is smaller than `cosine_distance_eps`, else 1. It
    is computed in float64, even where x64 is not enabled. NaN while there are fewer than two images
    of one kind, or if there were more than the capacity.

    Args:
        num_features: The number of features.
        capacity: The maximum number of images of each kind, whose features are kept.
        feature: As in `FrechetInceptionDistance`.
        cosine_distance_eps: The mean distance from which on images do not count as copies.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or features have another shape.
        TypeError: If `feature` cannot be called.

    Source: Bai, Lin, Raffel, Kan: On Training Sample Memorization: Lessons from Benchmarking
    Generative Modeling with a Large-scale Competition (2021).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> real = jax.random.normal(jax.random.key(0), (64, 8))
        >>> mifid = jm.metrics.MemorizationInformedFrechetInceptionDistance(
        ...     num_features=8, capacity=64
        ... )
        >>> mifid = mifid.update(images=real, real=True).update(images=1.1 * real, real=False)
        >>> bool(mifid.compute() > 1e6)
        True
    """

    higher_is_better = False
    bounds = (0, None)
    feature: Any
    rows: FeatureRows
    importance: Buffer
    moments: FeatureMoments

    def __init__(
        self,
        *,
        num_features: int,
        capacity: int,
        feature: Network | None = None,
        cosine_distance_eps: float = 0.1,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        positive(num_features=num_features)
        if not 0 < cosine_distance_eps <= 1:
            raise ValueError(
                f"cosine_distance_eps must be above 0 and at most 1, but is {cosine_distance_eps}."
            )
        self.num_features, self.cosine_distance_eps = num_features, cosine_distance_eps
        self.feature = as_network("feature", feature)
        self.rows = FeatureRows(capacity, num_features, self.dtype)
        self.importance = Buffer(capacity, (), self.dtype)
        self.moments = FeatureMoments(num_features, 2, self.dtype)

    def update(self, *, images: Any, real: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch; see `FrechetInceptionDistance.update`."""
        features = read_features(self.feature, images, self.num_features)
        weight = image_weights(len(features), sample_weight, mask, self.dtype)
        flags = read_real(real, len(features))
        self.rows = self.rows.extended(features, flags, weight)
        self.importance = self.importance.extended(weight, (weight != 0) & ~flags)
        self.moments = self.moments.updated(features, weight, flags.astype(jnp.int32))

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more images of a kind than the capacity."""
        return self.rows.overflowed

    def compute(self) -> jax.Array:
        """The distance over the penalty."""
        moments = self.moments
        distance = distance_of_moments(moments.count, moments.mean, moments.products)
        real, generated = self.rows.real, self.rows.generated
        weight = jnp.where(_has_direction(generated), self.importance.values, 0)
        nearest = _mean_nearest(generated.values, weight, real.values, _has_direction(real))
        penalty = jnp.where(nearest < self.cosine_distance_eps, nearest, 1)
        value = jnp.where(distance > 1e-8, distance / (penalty + 1e-14), distance * 0)
        return jnp.where(self.overflowed, jnp.nan, value)


def _has_direction(rows: Buffer) -> jax.Array:
    """Which rows are in use and not zero."""
    return rows.filled & (rows.values != 0).any(-1)


@in_float64
def _mean_nearest(
    rows: jax.Array, weight: jax.Array, others: jax.Array, others_valid: jax.Array
) -> jax.Array:
    """The weighted mean cosine distance of rows to the nearest of the other rows."""

    def unit(rows: jax.Array) -> jax.Array:
        norm = jnp.linalg.norm(rows, axis=-1, keepdims=True)
        return rows / jnp.where(norm == 0, 1, norm)

    distance = 1 - abs(unit(rows) @ unit(others).T)
    nearest = jnp.where(others_valid, distance, jnp.inf).min(-1)
    return jnp.where(weight == 0, 0, nearest * weight).sum() / weight.sum()


memorization_informed_frechet_inception_distance = functional(
    MemorizationInformedFrechetInceptionDistance
)
