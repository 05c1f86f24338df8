"""Errors in sliding windows."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import image_pair
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.image._windows import filtered, uniform


class RootMeanSquaredErrorUsingSlidingWindow(MeanOverImages):
    """The mean over all windows of their root mean squared error (RMSE-SW).

    Windows that extend beyond the border are left out. NaN before the first update.

    Args:
        window_size: The height and width of windows.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If the size is not positive, or too large for the images.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.zeros((1, 16, 16, 1))
        >>> rmse = jm.metrics.RootMeanSquaredErrorUsingSlidingWindow()
        >>> float(rmse(target=target, preds=target + 0.5))
        0.5
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, *, window_size: int = 8, **options: Unpack[ReducedOptions]):
        super().__init__(**options)
        positive(window_size=window_size)
        self.window_size = window_size

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The error of each image, `[batch]`."""
        errors = error_map(target, preds, self.window_size)
        return inside(errors, self.window_size).mean((1, 2, 3))


class RelativeAverageSpectralError(WeightedMean):
    """The relative average spectral error of images in sliding windows (RASE), in percent.

    In each window it is the root of the mean over the channels of the squared mean error, over the
    mean of the target, times 100. Errors and targets of each pixel are averaged over all images
    first, so all images must have the same size, and the state has the size of two images. As in
    other implementations, the mean of the target is divided by the number of pixels of a window.
    NaN before the first update.

    Args:
        image_shape: The height, width and number of channels of images.
        window_size: The height and width of windows.
        **options: See `Metric`.

    Raises:
        ValueError: If the size is not positive, or too large for the images, or images have another
            shape.

    Source: Gonzalez-Audicana et al.: Fusion of multispectral and panchromatic images using improved
    IHS and PCA mergers based on wavelet decomposition (2004).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.ones((1, 16, 16, 1))
        >>> rase = jm.metrics.RelativeAverageSpectralError(image_shape=(16, 16, 1))
        >>> float(rase(target=target, preds=target + 0.5))
        3200.0
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        window_size: int = 8,
        **options: Unpack[Common],
    ):
        positive(window_size=window_size)
        self.image_shape, self.window_size = tuple(image_shape), window_size
        super().__init__((2, *self.image_shape), **options)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of images."""
        target, preds = image_pair(target, preds)
        if target.shape[1:] != self.image_shape:
            raise ValueError(
                f"This RelativeAverageSpectralError keeps sums of images of shape "
                f"{list(self.image_shape)}, but got {list(target.shape[1:])}. Give its "
                "`image_shape`."
            )
        errors = error_map(target, preds, self.window_size)
        means = window_means(target, self.window_size)
        self.add(jnp.stack([errors, means], 1), sample_weight, mask)

    def compute(self) -> jax.Array:
        """The error."""
        errors, means = super().compute()
        mean = means.mean(-1) / self.window_size**2
        error = 100 * jnp.sqrt((errors**2).mean(-1)) / mean
        return inside(error[None], self.window_size).mean()


def window_means(images: jax.Array, size: int) -> jax.Array:
    """The mean of the window around each pixel; images are reflected at their borders.

    Args:
        images: Shape `[batch, height, width, channels]`.
        size: The height and width of windows.
    """
    margins = [(size // 2, (size - 1) // 2)] * 2
    images = jnp.moveaxis(images, -1, 1)
    images = jnp.pad(images, [(0, 0), (0, 0), *margins], mode="symmetric")
    return jnp.moveaxis(filtered(images, [uniform(size)] * 2), 1, -1)


def error_map(target: jax.Array, preds: jax.Array, size: int) -> jax.Array:
    """The root mean squared error in the window around each pixel.

    Raises:
        ValueError: If no window fits into the images.
    """
    if round(size / 2) * 2 >= min(target.shape[1:3]):
        raise ValueError(
            f"Images of shape {list(target.shape)} are too small for windows of {size} x {size} "
            "pixels. Choose a smaller window_size."
        )
    errors = target - preds
    largest = abs(errors).max((1, 2, 3), keepdims=True)
    largest = jnp.where(largest == 0, 1, largest)  # its square might overflow or vanish
    return largest * jnp.sqrt(window_means((errors / largest) ** 2, size).clip(0))


def inside(values: jax.Array, size: int) -> jax.Array:
    """The values `[batch, height, width, ...]` that are at least half a window from the border."""
    margin = round(size / 2)
    inside = slice(margin, -margin or None)
    return values[:, inside, inside]


root_mean_squared_error_using_sliding_window = function_of_values(
    RootMeanSquaredErrorUsingSlidingWindow, number_of_examples
)
relative_average_spectral_error = functional(RelativeAverageSpectralError)
