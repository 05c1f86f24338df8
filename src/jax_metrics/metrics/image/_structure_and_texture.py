"""The similarity of images in structure and texture of feature maps."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.image._perceptual_similarity import (
    as_maps,
    as_weights,
    fitting_weights,
)

_EPSILON = 1e-6


class DeepImageStructureAndTextureSimilarity(MeanOverImages):
    """The mean distance of images in structure and texture (DISTS), 0 for equal images.

    One minus the weighted mean of similarities of means (texture) and of covariances (structure),
    over the channels of the images themselves and of their feature maps. NaN before the first
    update.

    Args:
        feature: A function or a module that maps images to a sequence of maps `[batch, height,
            width, channels]`; see `FrechetInceptionDistance`. It normalizes the images itself.
        alpha: Weights of the texture of each channel, for the images and for each map; by default
            all are 1. They are divided by the sum of all weights in `alpha` and `beta`.
        beta: Weights of the structure, likewise.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If weights do not fit the maps.
        TypeError: If `feature` cannot be called.

    Source: Ding, Ma, Wang, Simoncelli: Image Quality Assessment: Unifying Structure and Texture
    Similarity (2020).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> def maps(images):
        ...     return [jax.nn.relu(images[:, ::2, ::2])]
        >>> dists = jm.metrics.DeepImageStructureAndTextureSimilarity(feature=maps)
        >>> images = jax.random.uniform(jax.random.key(0), (2, 8, 8, 3))
        >>> round(abs(float(dists(target=images, preds=images))), 5)
        0.0
    """

    higher_is_better = False
    bounds = (0, 2)
    feature: Any

    def __init__(
        self,
        *,
        feature: Network,
        alpha: Sequence[Any] | None = None,
        beta: Sequence[Any] | None = None,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        self.feature = as_network("feature", feature)
        self.alpha, self.beta = as_weights(alpha), as_weights(beta)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The distance of each pair of images, `[batch]`."""
        maps = [[one, *as_maps(self.feature(one), one)] for one in (target, preds)]
        alpha = fitting_weights("alpha", self.alpha, maps[0])
        beta = fitting_weights("beta", self.beta, maps[0])
        everything = sum(weight.sum() for weight in (*alpha, *beta))
        total = jnp.zeros(len(target))
        for first, second, texture, structure in zip(*maps, alpha, beta, strict=True):
            mean_t, mean_p = (one.mean((1, 2)) for one in (first, second))
            first, second = first - mean_t[:, None, None], second - mean_p[:, None, None]
            var_t, var_p = (first**2).mean((1, 2)), (second**2).mean((1, 2))
            covariance = (first * second).mean((1, 2))
            # Not as one minus the similarity, which would lose digits where images are alike.
            apart = (mean_t - mean_p) ** 2 / (mean_t**2 + mean_p**2 + _EPSILON)
            total += (texture / everything * apart).sum(-1)
            apart = (var_t + var_p - 2 * covariance) / (var_t + var_p + _EPSILON)
            total += (structure / everything * apart).sum(-1)
        return total


deep_image_structure_and_texture_similarity = function_of_values(
    DeepImageStructureAndTextureSimilarity, number_of_examples
)
