"""The structural similarity of images, at one or several scales."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of, positive
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import (
    DataRange,
    check_range,
    clipped,
    range_size,
)
from jax_metrics.metrics.image._mean_over_images import MeanOverImages
from jax_metrics.metrics.image._windows import gaussian, local_moments, uniform

_PADDINGS = ("reflect", "valid")
_NORMALIZATIONS = ("relu", "simple", None)


class StructuralSimilarityIndexMeasure(MeanOverImages):
    """The mean structural similarity (SSIM) of images: how similar their windows are, at most 1.

    In each window it is `(2 * mt * mp + c1) * (2 * cov + c2)` over
    `(mt**2 + mp**2 + c1) * (vt + vp + c2)`, from the means, variances and the covariance of target
    and prediction, with `c1 = (k1 * data_range)**2` and `c2 = (k2 * data_range)**2`; averaged over
    windows and channels. NaN before the first update.

    Args:
        data_range: The difference between the highest and the lowest value that images can have,
            such as 1.0 or 255; or both values, to which images are clipped.
        gaussian_kernel: Whether windows are Gaussian, or uniform.
        sigma: The standard deviation of Gaussian windows, for all spatial axes or for each. Their
            size is `2 * round(3.5 * sigma) + 1`.
        kernel_size: The size of uniform windows, odd, for all spatial axes or for each.
        k1: The constant of the luminance.
        k2: The constant of the contrast.
        padding: `"reflect"` reflects images at their borders, so that each pixel is the center of a
            window, as in TorchMetrics; `"valid"` takes only the windows that fit into the images,
            as in the paper, scikit-image and TensorFlow.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If an option is out of range.

    Images are `[batch, height, width, channels]`, or volumes `[batch, depth, height, width,
    channels]`.

    Source: Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to
    Structural Similarity (2004).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.linspace(0, 1, 16 * 16).reshape(1, 16, 16, 1)
        >>> ssim = jm.metrics.StructuralSimilarityIndexMeasure(data_range=1.0)
        >>> round(float(ssim(target=target, preds=0.75 * target)), 4)
        0.9246
    """

    higher_is_better = True
    bounds = (-1, 1)
    spatial = (2, 3)

    def __init__(
        self,
        *,
        data_range: DataRange,
        gaussian_kernel: bool = True,
        sigma: float | Sequence[float] = 1.5,
        kernel_size: int | Sequence[int] = 11,
        k1: float = 0.01,
        k2: float = 0.03,
        padding: str = "reflect",
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        self.data_range = check_range(data_range)
        one_of("padding", padding, _PADDINGS)
        self.gaussian_kernel, self.padding = gaussian_kernel, padding
        self.sigma, self.kernel_size = _as_tuple(sigma), _as_tuple(kernel_size)
        for value in self.sigma:
            positive(sigma=value)
        for value in self.kernel_size:
            _check_size(value)
        self.k1, self.k2 = k1, k2

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The similarity of each image, `[batch]`."""
        return _mean_of_images(self.maps(target, preds)[0])

    def maps(self, target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
        """The similarity and its factor of contrast and structure in each window.

        Args:
            target: Images of floats.
            preds: Images of the same shape.

        Returns:
            Two arrays `[batch, height, width, channels]`, smaller than the images by the size of a
            window minus 1 if `padding="valid"`.
        """
        windows = self._windows(target.ndim - 2)
        target, preds = (self._prepared(image, windows) for image in (target, preds))
        mean_t, mean_p, var_t, var_p, cov = local_moments(target, preds, windows)
        c1, c2 = self.k1**2, self.k2**2
        contrast = (2 * cov + c2) / (var_t + var_p + c2)
        luminance = (2 * mean_t * mean_p + c1) / (mean_t**2 + mean_p**2 + c1)
        return jnp.moveaxis(luminance * contrast, 1, -1), jnp.moveaxis(contrast, 1, -1)

    def _windows(self, axes: int) -> list[np.ndarray]:
        """The window along each spatial axis."""
        if self.gaussian_kernel:
            sigmas = _for_axes("sigma", self.sigma, axes)
            return [gaussian(2 * int(3.5 * sigma + 0.5) + 1, sigma) for sigma in sigmas]
        return [uniform(size) for size in _for_axes("kernel_size", self.kernel_size, axes)]

    def _prepared(self, images: jax.Array, windows: list[np.ndarray]) -> jax.Array:
        """The images in units of the range, with the channels before the spatial axes, padded."""
        margins = [len(window) // 2 for window in windows]
        for size, window, margin in zip(images.shape[1:-1], windows, margins, strict=True):
            least = margin + 1 if self.padding == "reflect" else len(window)
            if size < least:
                raise ValueError(
                    f"Images of shape {list(images.shape)} are too small for a window of "
                    f"{len(window)} pixels with padding={self.padding!r}: each spatial axis must "
                    f"have {least} pixels or more. Choose a smaller sigma or kernel_size."
                )
        # In units of the range no square overflows or vanishes.
        images = clipped(images, self.data_range) / range_size(self.data_range)
        images = jnp.moveaxis(images, -1, 1)
        if self.padding == "valid":
            return images
        return jnp.pad(images, [(0, 0), (0, 0), *((m, m) for m in margins)], mode="reflect")


class MultiScaleStructuralSimilarityIndexMeasure(StructuralSimilarityIndexMeasure):
    """The mean structural similarity over several scales (MS-SSIM), each half of the previous one.

    The product of the contrasts at all scales but the last and the similarity at the last scale,
    each to the power of its `beta`. NaN before the first update.

    Args:
        betas: The weight of each scale, the finest first.
        normalize: What to do with negative factors, whose power is not defined: `"relu"` sets them
            to 0, `"simple"` maps all factors from the range -1 to 1 to the range 0 to 1, and with
            None they give NaN.
        **options: As in `StructuralSimilarityIndexMeasure`.

    Raises:
        ValueError: If an option is out of range.

    Source: Wang, Simoncelli, Bovik: Multiscale Structural Similarity for Image Quality Assessment
    (2003).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.linspace(0, 1, 48 * 48).reshape(1, 48, 48, 1)
        >>> ms_ssim = jm.metrics.MultiScaleStructuralSimilarityIndexMeasure(
        ...     data_range=1.0, betas=(0.3, 0.7)
        ... )
        >>> round(float(ms_ssim(target=target, preds=0.75 * target)), 4)
        0.9414
    """

    def __init__(
        self,
        *,
        data_range: DataRange,
        gaussian_kernel: bool = True,
        sigma: float | Sequence[float] = 1.5,
        kernel_size: int | Sequence[int] = 11,
        k1: float = 0.01,
        k2: float = 0.03,
        betas: Sequence[float] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
        normalize: str | None = "relu",
        padding: str = "reflect",
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(
            data_range=data_range,
            gaussian_kernel=gaussian_kernel,
            sigma=sigma,
            kernel_size=kernel_size,
            k1=k1,
            k2=k2,
            padding=padding,
            **options,
        )
        one_of("normalize", normalize, _NORMALIZATIONS)
        if not betas:
            raise ValueError("betas must have the weight of at least one scale.")
        self.betas, self.normalize = tuple(betas), normalize

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The similarity of each image, `[batch]`."""
        factors = []
        for scale in range(len(self.betas)):
            if scale:
                target, preds = _halved(target), _halved(preds)
            similarity, contrast = self.maps(target, preds)
            is_last = scale == len(self.betas) - 1
            factors.append(_mean_of_images(similarity if is_last else self._inside(contrast)))
        factors = jnp.stack(factors)
        if self.normalize == "relu":
            factors = factors.clip(0)
        elif self.normalize == "simple":
            factors = (factors + 1) / 2
        return jnp.prod(factors ** jnp.asarray(self.betas, factors.dtype)[:, None], 0)

    def _inside(self, contrast: jax.Array) -> jax.Array:
        """The contrast in the windows that lie within the image."""
        if self.padding == "valid":
            return contrast
        margins = [len(window) // 2 for window in self._windows(contrast.ndim - 2)]
        inside = tuple(slice(m, -m or None) for m in margins)
        cropped = contrast[(slice(None), *inside)]
        if 0 in cropped.shape[1:]:
            raise ValueError(
                f"An image has {list(contrast.shape[1:-1])} pixels at one of the scales, too few "
                "for its windows. Give larger images or fewer betas, or choose a smaller sigma or "
                "kernel_size."
            )
        return cropped


def _mean_of_images(values: jax.Array) -> jax.Array:
    return values.mean(tuple(range(1, values.ndim)))


def _halved(images: jax.Array) -> jax.Array:
    """Images of half the size: the means of two pixels along each spatial axis."""
    for axis in range(1, images.ndim - 1):
        size = images.shape[axis] // 2
        pixels = jax.lax.slice_in_dim(images, 0, 2 * size, axis=axis)
        shape = (*images.shape[:axis], size, 2, *images.shape[axis + 1 :])
        images = pixels.reshape(shape).mean(axis + 1)
    return images


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)


def _for_axes(name: str, values: tuple[Any, ...], axes: int) -> tuple[Any, ...]:
    """A value for each spatial axis, from one value for all of them or one for each."""
    if len(values) not in (1, axes):
        raise ValueError(
            f"{name} has {len(values)} values, but images have {axes} spatial axes. Give one value "
            "for all of them or one for each."
        )
    return values * axes if len(values) == 1 else values


def _check_size(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd and positive, so that a window has a middle; got {size}."
        )


structural_similarity_index_measure = function_of_values(
    StructuralSimilarityIndexMeasure, number_of_examples
)
multiscale_structural_similarity_index_measure = function_of_values(
    MultiScaleStructuralSimilarityIndexMeasure,
    number_of_examples,
    name="multiscale_structural_similarity_index_measure",
)
