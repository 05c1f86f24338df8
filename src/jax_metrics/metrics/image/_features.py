"""Features of images: the network that computes them, and sums of them."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._in_float64 import Pair, as_pair, in_float64, transposed
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.state import Accumulator, Buffer
from jax_metrics.module import MetricState


def read_features(network: Any, images: Any, num_features: int) -> jax.Array:
    """The features of a batch, `[batch, num_features]`.

    Args:
        network: A function from images to features; None if the images are features already.
        images: What the network takes.
        num_features: How many there must be.

    Raises:
        ValueError: If the network returns another shape.
    """
    features = as_float("features", images if network is None else network(images))
    if features.ndim != 2 or features.shape[1] != num_features:
        source = "images, which are features without `feature`," if network is None else "feature"
        verb = "have" if network is None else "returned"
        raise ValueError(
            f"{source} must be [batch, {num_features}], as num_features={num_features} says, but "
            f"{verb} the shape {list(features.shape)}. Average over the spatial axes, if there are "
            "any, or give another num_features."
        )
    return features


class FeatureMoments(Accumulator):
    """The mean and the covariance of features, exact to about 48 bits in two float32 each.

    The products of features are added up in float64, after the mean of the batch is subtracted, and
    merged by Chan's formula.

    Args:
        num_features: The number of features.
        groups: The number of groups of examples, each with its own moments.
        dtype: Dtype of the state.

    Attributes:
        count: The sum of the weights, `[groups]`.
        mean: The means, `[groups, features]`.
        products: The sums of products of deviations from the means, `[groups, features, features]`.
    """

    count: Pair = MetricState.node()
    mean: Pair = MetricState.node()
    products: Pair = MetricState.node()

    def __init__(self, num_features: int, groups: int, dtype: Any):
        self.count = Pair.zeros((groups,), dtype)
        self.mean = Pair.zeros((groups, num_features), dtype)
        self.products = Pair.zeros((groups, num_features, num_features), dtype)

    def updated(self, features: jax.Array, weight: jax.Array, group: jax.Array) -> "FeatureMoments":
        """The moments with a batch added.

        Args:
            features: Shape `[batch, features]`.
            weight: Shape `[batch]`.
            group: The group of all examples, or of each, `[batch]`.
        """
        features = where_weighted(features, weight)
        weight = weight.astype(features.dtype)
        if group.ndim == 0:
            return self._group_updated(group, features, weight)
        result = self
        for index in range(len(self.count.high)):
            of_group = jnp.where(group == index, weight, 0)
            result = result._group_updated(jnp.asarray(index), features, of_group)
        return result

    def _group_updated(
        self, index: jax.Array, features: jax.Array, weight: jax.Array
    ) -> "FeatureMoments":
        state = (self.count, self.mean, self.products)
        own = jax.tree.map(lambda x: x[index], state)
        new = _merged(*own, *_of_batch(features.astype(self.mean.high.dtype), weight))
        count, mean, products = jax.tree.map(lambda x, y: x.at[index].set(y), state, new)
        return self._replace(count=count, mean=mean, products=products)

    def neutral(self) -> "FeatureMoments":
        """The moments of no features, of the same shapes."""
        return jax.tree.map(jnp.zeros_like, self)

    def merged(self, other: "FeatureMoments") -> "FeatureMoments":
        """The moments of the features of both."""
        count, mean, products = jax.vmap(_merged)(
            self.count, self.mean, self.products, other.count, other.mean, other.products
        )
        return self._replace(count=count, mean=mean, products=products)


@in_float64
def _of_batch(features: jax.Array, weight: jax.Array) -> Any:
    """Count, means and centred products of a batch."""
    count = weight.sum()
    mean = weight @ features / jnp.where(count == 0, 1, count)
    centred = jnp.where(weight[:, None] == 0, 0, features - mean)
    products = transposed(centred * weight[:, None]) @ centred
    return as_pair(count), as_pair(mean), as_pair(products)


@in_float64
def _merged(
    count: jax.Array,
    mean: jax.Array,
    products: jax.Array,
    other_count: jax.Array,
    other_mean: jax.Array,
    other_products: jax.Array,
) -> Any:
    """The moments of two groups together, by Chan's formula."""
    total = count + other_count
    fraction = other_count / jnp.where(total == 0, 1, total)
    gap = other_mean - mean
    between = count * fraction * gap[:, None] * gap[None, :]
    merged = products + other_products + between
    return as_pair(total), as_pair(mean + fraction * gap), as_pair(merged)


class FeatureRows(Accumulator):
    """The features of real and of generated images, up to a capacity of each.

    Args:
        capacity: The maximum number of images of each kind.
        num_features: The number of features.
        dtype: Dtype of the features.
    """

    real: Buffer
    generated: Buffer

    def __init__(self, capacity: int, num_features: int, dtype: Any):
        self.real = Buffer(capacity, (num_features,), dtype)
        self.generated = Buffer(capacity, (num_features,), dtype)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more images of a kind than the capacity."""
        return self.real.overflowed | self.generated.overflowed

    def extended(self, features: jax.Array, real: jax.Array, weight: jax.Array) -> "FeatureRows":
        """The rows with a batch added; those of weight 0 are left out."""
        included, real = weight != 0, jnp.broadcast_to(real, weight.shape)
        features = where_weighted(features, weight)
        return self._replace(
            real=self.real.extended(features, included & real),
            generated=self.generated.extended(features, included & ~real),
        )

    def neutral(self) -> "FeatureRows":
        """No rows."""
        return self._replace(real=self.real.neutral(), generated=self.generated.neutral())

    def merged(self, other: "FeatureRows") -> "FeatureRows":
        """The rows of both."""
        return self._replace(
            real=self.real.merged(other.real), generated=self.generated.merged(other.generated)
        )


def read_real(real: Any, batch: int) -> jax.Array:
    """Whether images are real: a boolean for all of them, or one for each.

    Raises:
        TypeError: If it is not boolean.
        ValueError: If it has another shape.
    """
    flags = jnp.asarray(real)
    if flags.dtype != bool:
        raise TypeError(
            f"real must be True for real images and False for generated ones, or an array of such "
            f"booleans; got {flags.dtype}."
        )
    if flags.shape not in ((), (batch,)):
        raise ValueError(
            f"real must be one boolean, or one for each of {batch} images; got the shape "
            f"{list(flags.shape)}."
        )
    return flags


def image_weights(batch: int, sample_weight: Any, mask: Any, dtype: Any) -> jax.Array:
    """The weight of each image; see `weights`."""
    return weights((batch,), sample_weight, mask, dtype)
