"""The universal image quality index."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import positive
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import to_unit
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.image._windows import gaussian, local_moments


class UniversalImageQualityIndex(MeanOverImages):
    """The mean universal image quality index (UQI) of images, from -1 to 1.

    In each Gaussian window it is `4 * mt * mp * cov / ((mt**2 + mp**2) * (vt + vp))`, from the
    means, variances and the covariance of target and prediction, and 0 in a constant window;
    averaged over windows and channels. NaN before the first update.

    Args:
        kernel_size: The height and width of windows, both odd.
        sigma: The standard deviation of the windows along both axes.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If an option is out of range.

    Source: Wang, Bovik: A Universal Image Quality Index (2002).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.linspace(0, 1, 16 * 16).reshape(1, 16, 16, 1)
        >>> uqi = jm.metrics.UniversalImageQualityIndex()
        >>> round(float(uqi(target=target, preds=0.75 * target)), 4)
        0.9216
    """

    higher_is_better = True
    bounds = (-1, 1)

    def __init__(
        self,
        *,
        kernel_size: Sequence[int] = (11, 11),
        sigma: Sequence[float] = (1.5, 1.5),
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        if np.shape(kernel_size) != (2,) or np.shape(sigma) != (2,):
            raise ValueError(
                "kernel_size and sigma must have a value for the height and one for the width; got "
                f"{kernel_size} and {sigma}."
            )
        self.kernel_size, self.sigma = tuple(kernel_size), tuple(sigma)
        if any(size < 1 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError(f"kernel_size must be odd and positive, but is {kernel_size}.")
        for value in self.sigma:
            positive(sigma=value)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The index of each image, `[batch]`."""
        return quality(target, preds, self.kernel_size, self.sigma).mean(-1)


def quality(
    target: jax.Array,
    preds: jax.Array,
    kernel_size: Sequence[int] = (11, 11),
    sigma: Sequence[float] = (1.5, 1.5),
) -> jax.Array:
    """The universal image quality index of each channel, `[..., channels]`.

    Args:
        target: Images `[..., height, width, channels]`.
        preds: Images of the same shape.
        kernel_size: The height and width of windows.
        sigma: The standard deviation of the windows along both axes.

    Raises:
        ValueError: If the images are smaller than a window.
    """
    height, width = target.shape[-3:-1]
    if height < kernel_size[0] or width < kernel_size[1]:
        raise ValueError(
            f"Images of {height} x {width} pixels are smaller than a window of "
            f"{kernel_size[0]} x {kernel_size[1]}. Choose a smaller kernel_size."
        )
    # The index does not depend on the unit.
    target, preds = (jnp.moveaxis(one, -1, -3) for one in to_unit(target, preds, axes=(-3, -2, -1)))
    windows = [gaussian(n, s) for n, s in zip(kernel_size, sigma, strict=True)]
    mean_t, mean_p, var_t, var_p, cov = local_moments(target, preds, windows, drop_rounding=True)
    # One after the other, since their product can vanish in dark windows.
    luminance = _quotient(2 * mean_t * mean_p, mean_t**2 + mean_p**2)
    contrast = _quotient(2 * cov, var_t + var_p)
    return (luminance * contrast).mean((-2, -1))


def _quotient(above: jax.Array, below: jax.Array) -> jax.Array:
    """The quotient, from -1 to 1 but for rounding errors, and 0 for 0 / 0."""
    return jnp.where(below == 0, 0, above / jnp.where(below == 0, 1, below)).clip(-1, 1)


universal_image_quality_index = function_of_values(UniversalImageQualityIndex, number_of_examples)
