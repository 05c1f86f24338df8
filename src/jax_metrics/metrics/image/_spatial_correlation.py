"""The correlation of the details of images."""

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
from jax_metrics.metrics.image._windows import local_moments, uniform

_LAPLACE = ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))


class SpatialCorrelationCoefficient(MeanOverImages):
    """The mean correlation of the details of images (SCC), from -1 to 1.

    Details are what a high-pass filter leaves. They are correlated within each window, with 0 where
    target or prediction is constant, and averaged over windows and channels. NaN before the first
    update.

    Args:
        high_pass_filter: The weights of the filter, in rows.
        window_size: The height and width of windows.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If an option is out of range, or the images are smaller than a window.

    Source: Zhou, Civco, Silander: A wavelet transform method to merge Landsat TM and SPOT
    panchromatic data (1998).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.sin(jnp.arange(256.0) ** 2).reshape(1, 16, 16, 1)
        >>> scc = jm.metrics.SpatialCorrelationCoefficient()
        >>> round(float(scc(target=target, preds=2 * target + 1)), 4)
        1.0
    """

    higher_is_better = True
    bounds = (-1, 1)

    def __init__(
        self,
        *,
        high_pass_filter: Sequence[Sequence[float]] = _LAPLACE,
        window_size: int = 8,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        positive(window_size=window_size)
        if np.ndim(high_pass_filter) != 2:
            raise ValueError(
                "high_pass_filter must be weights in rows of one length, such as ((-1, 2, -1),)."
            )
        self.high_pass_filter = tuple(map(tuple, np.asarray(high_pass_filter).tolist()))
        self.window_size = window_size

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The correlation of each image, `[batch]`."""
        size = self.window_size
        if min(target.shape[1:3]) < size:
            raise ValueError(
                f"Images of shape {list(target.shape)} are smaller than a window of {size} x "
                f"{size} pixels. Choose a smaller window_size."
            )
        target, preds = (self._details(one) for one in (target, preds))
        windows = [uniform(size)] * 2
        *_, var_t, var_p, cov = local_moments(target, preds, windows, drop_rounding=True)
        below = jnp.sqrt(var_t) * jnp.sqrt(var_p)
        correlation = jnp.where(below == 0, 0, cov / jnp.where(below == 0, 1, below))
        return correlation.clip(-1, 1).mean((1, 2, 3))

    def _details(self, images: jax.Array) -> jax.Array:
        """The filtered images, in an own unit each, with zeros around for the windows."""
        (images,) = to_unit(jnp.moveaxis(images, -1, 1), axes=(1, 2, 3))
        kernel = np.asarray(self.high_pass_filter)[::-1, ::-1]
        margins = [((n - 1) // 2, n // 2) for n in kernel.shape]
        images = jnp.pad(images, [(0, 0), (0, 0), *margins], mode="symmetric")
        height = images.shape[2] - kernel.shape[0] + 1
        width = images.shape[3] - kernel.shape[1] + 1
        # Differences from one pixel are exactly 0 in constant regions, unlike products that cancel.
        top, left = margins[0][0], margins[1][0]
        center = images[:, :, top : top + height, left : left + width]
        details = float(kernel.sum()) * center + sum(
            float(weight) * (images[:, :, i : i + height, j : j + width] - center)
            for (i, j), weight in np.ndenumerate(kernel)
        )
        before, after = self.window_size // 2, (self.window_size - 1) // 2
        return jnp.pad(jnp.asarray(details), [(0, 0), (0, 0), *[(before, after)] * 2])


spatial_correlation_coefficient = function_of_values(
    SpatialCorrelationCoefficient, number_of_examples
)
