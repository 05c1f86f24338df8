"""The angle between the spectra of pixels."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._reduced_mean import function_of_values, number_of_examples
from jax_metrics.metrics.image._mean_over_images import MeanOverImages


class SpectralAngleMapper(MeanOverImages):
    """The mean angle between the channels of pixels in target and prediction (SAM), in radians.

    If a pixel of the target or the prediction is zero in all channels, its angle is a right angle.
    NaN before the first update.

    Args:
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If there is only one channel.

    Source: Yuhas, Goetz, Boardman: Discrimination among semi-arid landscape endmembers using the
    spectral angle mapper (SAM) algorithm (1992).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([1.0, 0.0]).reshape(1, 1, 1, 2)
        >>> preds = jnp.array([2.0, 2.0]).reshape(1, 1, 1, 2)
        >>> round(float(jm.metrics.SpectralAngleMapper()(target=target, preds=preds)), 4)
        0.7854
    """

    higher_is_better = False
    bounds = (0, math.pi)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The mean angle of the pixels of each image, `[batch]`."""
        if target.shape[-1] < 2:
            raise ValueError(
                f"The angle between spectra needs two channels or more; images of shape "
                f"{list(target.shape)} have {target.shape[-1]}."
            )
        target, preds = _unit(target), _unit(preds)
        # The arc cosine of a number close to 1 would lose half of the digits.
        angle = 2 * jnp.atan2(_norm(target - preds), _norm(target + preds))
        return angle[..., 0].mean((1, 2))


def _norm(vectors: jax.Array) -> jax.Array:
    return jnp.sqrt((vectors**2).sum(-1, keepdims=True))


def _unit(vectors: jax.Array) -> jax.Array:
    """Vectors of length 1; zeros stay zeros."""
    largest = abs(vectors).max(-1, keepdims=True)
    vectors = vectors / jnp.where(largest == 0, 1, largest)
    norm = _norm(vectors)
    return vectors / jnp.where(norm == 0, 1, norm)


spectral_angle_mapper = function_of_values(SpectralAngleMapper, number_of_examples)
