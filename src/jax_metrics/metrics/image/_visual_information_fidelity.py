"""The visual information fidelity of images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import positive
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.image._windows import filtered, gaussian, local_moments

_LEAST = 41  # so that a window fits in at each of the four scales
_EPSILON = 1e-10


class VisualInformationFidelity(MeanOverImages):
    """The mean visual information fidelity (VIF, of pixels) of images with values from 0 to 255.

    The information about the target that a viewer gets from the prediction, divided by the
    information from the target itself, in a model of natural images and of noise in the eye; from
    four scales, averaged over the channels. 1 for equal images, more for a prediction with more
    contrast. NaN before the first update.

    Args:
        sigma_n_sq: The variance of the noise.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If the variance is not positive, or the images have fewer than 41 pixels along
            an axis.

    Source: Sheikh, Bovik: Image Information and Visual Quality (2006).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = 255 * jnp.sin(jnp.arange(41.0 * 41) ** 2).reshape(1, 41, 41, 1)
        >>> vif = jm.metrics.VisualInformationFidelity()
        >>> round(float(vif(target=target, preds=target)), 4)
        1.0
    """

    higher_is_better = True
    bounds = (0, None)

    def __init__(self, *, sigma_n_sq: float = 2.0, **options: Unpack[ReducedOptions]):
        super().__init__(**options)
        positive(sigma_n_sq=sigma_n_sq)
        self.sigma_n_sq = sigma_n_sq

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The fidelity of each image, `[batch]`."""
        if min(target.shape[1:3]) < _LEAST:
            raise ValueError(
                f"Images of shape {list(target.shape)} are too small for four scales: they must "
                f"have {_LEAST} x {_LEAST} pixels or more."
            )
        target, preds = (jnp.moveaxis(one, -1, 1) for one in (target, preds))
        received, sent = jnp.zeros(()), jnp.zeros(())
        for scale in range(4):
            size = 2 ** (4 - scale) + 1
            windows = [gaussian(size, size / 5)] * 2
            if scale:
                target, preds = (filtered(x, windows)[..., ::2, ::2] for x in (target, preds))
            *_, var_t, var_p, cov = local_moments(target, preds, windows)
            gain, noise = _channel(var_t, var_p, cov)
            var_t = jnp.where(var_t < _EPSILON, 0, var_t)
            signal = gain**2 * var_t / (noise + self.sigma_n_sq)
            received += jnp.log1p(signal).sum((2, 3))
            sent += jnp.log1p(var_t / self.sigma_n_sq).sum((2, 3))
        return (received / sent).mean(1)


def _channel(var_t: jax.Array, var_p: jax.Array, cov: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The gain from target to prediction in each window, and the variance of what is added."""
    gain = cov / (var_t + _EPSILON)
    noise = var_p - gain * cov
    is_flat = var_t < _EPSILON
    gain, noise = jnp.where(is_flat, 0, gain), jnp.where(is_flat, var_p, noise)
    is_flat = var_p < _EPSILON
    gain, noise = jnp.where(is_flat, 0, gain), jnp.where(is_flat, 0, noise)
    noise = jnp.where(gain < 0, var_p, noise)
    return gain.clip(0), noise.clip(_EPSILON)


visual_information_fidelity = function_of_values(VisualInformationFidelity, number_of_examples)
