"""The distance of images in the feature maps of a network."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._checks import check
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import image_pair
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.inputs import weights, where_weighted

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_TOLERANCE = 1e-4


class LearnedPerceptualImagePatchSimilarity(MeanOverImages):
    """The mean distance of images in the feature maps of a network (LPIPS), at least 0.

    At each pixel of each map the features are divided by their norm; the squared differences,
    weighted by channel and summed, are averaged over the pixels and summed over the maps. NaN
    before the first update.

    Args:
        feature: A function or a module that maps images to a sequence of maps `[batch, height,
            width, channels]`; see `FrechetInceptionDistance`.
        weights: For each map the learned weights of its channels; by default all are 1.
        normalize: Whether images have values from 0 to 1, and are first scaled to -1 to 1.
        scale: Whether `feature` gets images of three channels, normalized by the mean and the
            standard deviation of each channel in ImageNet, like the networks of the paper.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If images do not have three channels or are out of range, or weights do not fit.
        TypeError: If `feature` cannot be called.

    Source: Zhang et al.: The Unreasonable Effectiveness of Deep Features as a Perceptual Metric
    (2018).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> def maps(images):
        ...     return images, jax.nn.relu(images[:, ::2, ::2])
        >>> lpips = jm.metrics.LearnedPerceptualImagePatchSimilarity(feature=maps, normalize=True)
        >>> images = jax.random.uniform(jax.random.key(0), (2, 8, 8, 3))
        >>> float(lpips(target=images, preds=images))
        0.0
    """

    higher_is_better = False
    bounds = (0, None)
    feature: Any

    def __init__(
        self,
        *,
        feature: Network,
        weights: Sequence[Any] | None = None,
        normalize: bool = False,
        scale: bool = True,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        self.feature = as_network("feature", feature)
        self.weights = as_weights(weights)
        self.normalize, self.scale = normalize, scale

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of images of three channels."""
        images = image_pair(target, preds)
        weight = weights(images[0].shape[:1], sample_weight, mask)
        target, preds = (where_weighted(one, weight) for one in images)
        low = 0 if self.normalize else -1
        inside = True
        for one in (target, preds):
            inside = inside & (one >= low - _TOLERANCE) & (one <= 1 + _TOLERANCE)
        fault = check(
            inside,
            f"Images must have values from {low} to 1 with normalize={self.normalize}. Scale them, "
            "as in `images / 127.5 - 1`, or give `normalize=True` for values from 0 to 1.",
        )
        self.add(self.values(target, preds) + fault, sample_weight, mask)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The distance of each pair of images, `[batch]`."""
        maps = [self._maps(images) for images in (target, preds)]
        chosen = fitting_weights("weights", self.weights, maps[0])
        total = jnp.zeros(len(target))
        for first, second, weight in zip(*maps, chosen, strict=True):
            difference = (_unit(first) - _unit(second)) ** 2
            total += (difference * weight).sum(-1).mean((1, 2))
        return total

    def _maps(self, images: jax.Array) -> list[jax.Array]:
        images = 2 * images - 1 if self.normalize else images
        if self.scale:
            images = (images - jnp.asarray(_SHIFT)) / jnp.asarray(_SCALE)
        return as_maps(self.feature(images), images)


def as_maps(maps: Any, images: jax.Array) -> list[jax.Array]:
    """The output of a network as a list of feature maps of floats.

    Raises:
        ValueError: If it is something else.
    """
    given = list(maps) if isinstance(maps, list | tuple) else [maps]
    shapes = [list(jnp.shape(one)) for one in given]
    if any(len(shape) != 4 or shape[0] != len(images) for shape in shapes):
        raise ValueError(
            f"feature must return a sequence of maps [batch, height, width, channels] for "
            f"{len(images)} images, but returned the shapes {shapes}."
        )
    return [jnp.asarray(one).astype(jnp.promote_types(one.dtype, jnp.float32)) for one in given]


def as_weights(given: Sequence[Any] | None) -> tuple[np.ndarray, ...] | None:
    """Weights of the channels of each map as NumPy arrays, which are part of the program."""
    return None if given is None else tuple(np.asarray(one).reshape(-1) for one in given)


def fitting_weights(
    name: str, chosen: tuple[np.ndarray, ...] | None, maps: Sequence[jax.Array]
) -> Sequence[np.ndarray]:
    """Weights for the channels of each map: the given ones, or ones.

    Raises:
        ValueError: If the given ones do not fit.
    """
    channels = [one.shape[-1] for one in maps]
    if chosen is None:
        return [np.ones(number, np.float32) for number in channels]
    if [len(one) for one in chosen] != channels:
        raise ValueError(
            f"{name} are for maps of {[len(one) for one in chosen]} channels, but the maps have "
            f"{channels}."
        )
    return chosen


def _unit(features: jax.Array) -> jax.Array:
    return features / jnp.sqrt(1e-8 + (features**2).sum(-1, keepdims=True))


learned_perceptual_image_patch_similarity = function_of_values(
    LearnedPerceptualImagePatchSimilarity, number_of_examples
)
