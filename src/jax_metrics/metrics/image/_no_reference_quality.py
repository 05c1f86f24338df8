"""The quality of images that a network estimates without a reference."""

import math
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics._reduced_mean import (
    ReducedMean,
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import as_images
from jax_metrics.metrics.inputs import weights, where_weighted

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ARNIQA(ReducedMean):
    """The mean quality of images that a network estimates without a reference (ARNIQA).

    An encoder maps the image, and the image at half the size, to features, each divided by their
    norm; a regressor maps both together to a score. NaN before the first update.

    Args:
        encoder: A function or a module that maps images to features `[batch, n]`; see
            `FrechetInceptionDistance`.
        regressor: A function or a module that maps features `[batch, 2 * n]` to scores.
        score_range: The lowest and the highest score of the regressor, which become 0 and 1: (1,
            100) if it was trained on KonIQ-10k, (1, 5) for KADID-10k.
        normalize: Whether images have values from 0 to 1 and are normalized by the mean and the
            standard deviation of each channel in ImageNet.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If the range is empty, or scores have another shape.
        TypeError: If one of the functions cannot be called.

    Source: Agnolucci et al.: ARNIQA: Learning Distortion Manifold for Image Quality Assessment
    (2024).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> arniqa = jm.metrics.ARNIQA(
        ...     encoder=lambda images: images.mean((1, 2)),
        ...     regressor=lambda features: features.sum(-1),
        ...     score_range=(0, 10),
        ...     normalize=False,
        ... )
        >>> round(float(arniqa(jnp.ones((2, 8, 8, 3)))), 4)
        0.3464
    """

    higher_is_better = True
    encoder: Any
    regressor: Any

    def __init__(
        self,
        *,
        encoder: Network,
        regressor: Network,
        score_range: tuple[float, float] = (1, 100),
        normalize: bool = True,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        if not score_range[0] < score_range[1]:
            raise ValueError(
                f"score_range must be the lowest and the highest score, but is {score_range}."
            )
        self.encoder = as_network("encoder", encoder)
        self.regressor = as_network("regressor", regressor)
        self.score_range, self.normalize = score_range, normalize

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with images `[batch, height, width, channels]`."""
        images = as_images("values", values)
        weight = weights(images.shape[:1], sample_weight, mask)
        images = where_weighted(images, weight)
        size = (len(images), images.shape[1] // 2, images.shape[2] // 2, images.shape[3])
        features = [
            self._features(one) for one in (images, jax.image.resize(images, size, "linear"))
        ]
        scores = as_float("scores", self.regressor(jnp.concatenate(features, -1)))
        if scores.size != len(images):
            raise ValueError(
                f"regressor must return one score for each of {len(images)} images, but returned "
                f"the shape {list(scores.shape)}."
            )
        low, high = self.score_range
        self.add((scores.reshape(len(images)) - low) / (high - low), sample_weight, mask)

    def _features(self, images: jax.Array) -> jax.Array:
        if self.normalize:
            images = (images - jnp.asarray(_MEAN)) / jnp.asarray(_STD)
        features = as_float("features", self.encoder(images))
        features = features.reshape(len(images), math.prod(features.shape[1:]))
        norm = jnp.sqrt((features**2).sum(-1, keepdims=True))
        return features / norm.clip(1e-12)


arniqa = function_of_values(ARNIQA, number_of_examples)
