"""The Fréchet distance between the features of real and generated images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._in_float64 import in_float64, transposed
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.image._features import (
    FeatureMoments,
    image_weights,
    read_features,
    read_real,
)


class FrechetInceptionDistance(Metric):
    """The Fréchet distance between the features of real and generated images (FID).

    `norm(m1 - m2)**2 + trace(s1 + s2 - 2 * sqrt(s1 @ s2))`, from the means and covariances of both
    sets of features; 0 for equal distributions. The state consists of these moments, whatever the
    number of images. Sums and the value are computed in float64, even where x64 is not enabled. NaN
    while there are fewer than two images of one kind.

    Args:
        num_features: The number of features.
        feature: A function or a module that maps images to features `[batch, num_features]`. A
            module is part of the metric, used in evaluation mode; arrays that a function closes
            over are constants of the program, so large networks are better given as modules. None
            if `images` are features already, as within `FeatureShare`.
        **options: See `Metric`.

    Raises:
        ValueError: If `num_features` is not positive, or features have another shape.
        TypeError: If `feature` cannot be called.

    Source: Heusel et al.: GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium (2017).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> def mean_color(images):
        ...     return images.mean((1, 2))
        >>> real, generated = jax.random.uniform(jax.random.key(0), (2, 64, 8, 8, 3))
        >>> fid = jm.metrics.FrechetInceptionDistance(num_features=3, feature=mean_color)
        >>> fid = fid.update(images=real, real=True).update(images=generated + 1, real=False)
        >>> round(float(fid.compute()), 1)
        3.0
    """

    higher_is_better = False
    bounds = (0, None)
    feature: Any
    moments: FeatureMoments

    def __init__(
        self,
        *,
        num_features: int,
        feature: Network | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        if num_features < 1:
            raise ValueError(f"num_features must be 1 or more, but is {num_features}.")
        self.num_features = num_features
        self.feature = as_network("feature", feature)
        self.moments = FeatureMoments(num_features, 2, self.dtype)

    def update(self, *, images: Any, real: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch.

        Args:
            images: What `feature` takes, such as `[batch, height, width, channels]`.
            real: Whether the images are real or generated: one boolean, or one for each.
            sample_weight: The weight of each image.
            mask: Booleans: false excludes an image.
        """
        features = read_features(self.feature, images, self.num_features)
        weight = image_weights(len(features), sample_weight, mask, self.dtype)
        flags = read_real(real, len(features))
        self.moments = self.moments.updated(features, weight, flags.astype(jnp.int32))

    def compute(self) -> jax.Array:
        """The distance."""
        return distance_of_moments(self.moments.count, self.moments.mean, self.moments.products)


@in_float64
def distance_of_moments(count: jax.Array, mean: jax.Array, products: jax.Array) -> jax.Array:
    """The Fréchet distance of two groups; NaN if one of them has fewer than two examples."""
    enough = (count > 1).all()
    covariances = products / jnp.where(enough, count - 1, 1)[:, None, None]
    gap = mean[0] - mean[1]
    cross = _trace_of_root(*covariances)
    distance = gap @ gap + jnp.trace(covariances.sum(0)) - 2 * cross
    return jnp.where(enough, distance.clip(0), jnp.nan)


def _trace_of_root(first: jax.Array, second: jax.Array) -> jax.Array:
    """`trace(sqrt(first @ second))` of two symmetric matrices without negative eigenvalues.

    With `first = root @ root.T` it is the sum of the square roots of the eigenvalues of the
    symmetric `root.T @ second @ root`. Unlike the eigenvalues of `first @ second`, these are
    computed accurately, and on all devices.
    """
    triangle = jnp.linalg.cholesky(first)
    pivots = jnp.diagonal(triangle) ** 2
    # With fewer images than features there is no triangle, or one of rounding errors.
    is_regular = pivots.min() > jnp.finfo(first.dtype).eps * len(first) * pivots.max()
    root = jax.lax.cond(is_regular, lambda: triangle, lambda: _symmetric_root(first))
    return jnp.sqrt(
        _without_rounding(jnp.linalg.eigvalsh(transposed(root) @ (second @ root)))
    ).sum()


def _symmetric_root(matrix: jax.Array) -> jax.Array:
    values, vectors = jnp.linalg.eigh(matrix)
    return vectors * jnp.sqrt(_without_rounding(values))


def _without_rounding(values: jax.Array) -> jax.Array:
    """Eigenvalues, with those that are mere rounding errors set to 0; their roots would count."""
    rounding = jnp.finfo(values.dtype).eps * len(values) * values.max()
    return jnp.where(values > rounding, values, 0)


frechet_inception_distance = functional(FrechetInceptionDistance)
