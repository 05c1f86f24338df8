"""Distortions of pan-sharpened images, measured without a reference.

Pan-sharpening fuses a multispectral image of low resolution with a panchromatic (gray) one of high
resolution. The distortions compare quality indices between channels before and after.
"""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, one_of, positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean, bounds_of_sum
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.image._images import as_images
from jax_metrics.metrics.image._sliding_window_error import window_means
from jax_metrics.metrics.image._universal_quality import quality
from jax_metrics.metrics.inputs import weights, where_weighted

_REDUCTIONS = ("mean", "sum", "none")


class SpectralDistortionIndex(WeightedMean):
    """The spectral distortion index of fused images (D_lambda), from 0 to 1.

    The mean over all pairs of channels of `abs(Q(target) - Q(preds))**p`, to the power of `1 / p`,
    where Q is the universal image quality index between the two channels. The indices are averaged
    over the images first: the state is two matrices. NaN before the first update.

    Args:
        num_channels: The number of channels.
        p: The power; a higher one emphasizes large differences.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or images have other channels.

    Source: Alparone et al.: Multispectral and Panchromatic Data Fusion Assessment Without Reference
    (2008).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> target, preds = jax.random.uniform(jax.random.key(0), (2, 4, 16, 16, 3))
        >>> d_lambda = jm.metrics.SpectralDistortionIndex(num_channels=3)
        >>> float(d_lambda(target=target, preds=target))
        0.0
    """

    higher_is_better = False
    bounds = (0, 2)

    def __init__(self, *, num_channels: int, p: int = 1, **options: Unpack[Common]):
        positive(num_channels=num_channels, p=p)
        self.num_channels, self.p = num_channels, p
        super().__init__((2, num_channels, num_channels), **options)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch.

        Args:
            target: The multispectral images, `[batch, height, width, channels]`.
            preds: The fused images; their height and width may differ.
            sample_weight: The weight of each image.
            mask: Booleans: false excludes an image.
        """
        images = _read(sample_weight, mask, preds=preds, target=target)
        _check_channels(self.num_channels, **images)
        both = [_between_channels(images[name]) for name in ("target", "preds")]
        self.add(jnp.stack(both, 1), sample_weight, mask)

    def compute(self) -> jax.Array:
        """The index."""
        target, preds = super().compute()
        pairs = max(self.num_channels * (self.num_channels - 1), 1)
        difference = abs(target - preds) * (1 - jnp.eye(self.num_channels))
        largest = difference.max()
        relative = difference / jnp.where(largest == 0, 1, largest)
        return largest * ((relative**self.p).sum() / pairs) ** (1 / self.p)


class SpatialDistortionIndex(WeightedMean):
    """The spatial distortion index of fused images (D_s), from 0 to 1.

    The mean over the channels of `abs(Q(ms, pan_lr) - Q(preds, pan))**norm_order`, to the power of
    `1 / norm_order`, where Q is the universal image quality index between a channel and the
    panchromatic image. The indices are averaged over the images first. NaN before the first update.

    Args:
        num_channels: The number of channels of the multispectral images.
        norm_order: The power; a higher one emphasizes large differences.
        window_size: The size of the windows over which panchromatic images are averaged, if none of
            low resolution are given.
        reduction: `"mean"` over the channels, `"sum"`, or `"none"` for one value for each.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or shapes do not fit.

    Source: See `SpectralDistortionIndex`.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> ms = jax.random.uniform(jax.random.key(0), (4, 16, 16, 3))
        >>> preds, pan = jax.random.uniform(jax.random.key(1), (2, 4, 32, 32, 3))
        >>> d_s = jm.metrics.SpatialDistortionIndex(num_channels=3)
        >>> bool(d_s(preds=preds, ms=ms, pan=pan) < 0.1)
        True
    """

    higher_is_better = False
    bounds = (0, 2)

    def __init__(
        self,
        *,
        num_channels: int,
        norm_order: int = 1,
        window_size: int = 7,
        reduction: str = "mean",
        **options: Unpack[Common],
    ):
        positive(num_channels=num_channels, norm_order=norm_order, window_size=window_size)
        one_of("reduction", reduction, _REDUCTIONS)
        self.num_channels, self.norm_order = num_channels, norm_order
        self.window_size, self.reduction = window_size, reduction
        if reduction == "sum":
            self.bounds = bounds_of_sum(self.bounds)
        super().__init__((2, num_channels), **options)

    def update(
        self,
        *,
        preds: Any,
        ms: Any,
        pan: Any,
        pan_lr: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
    ) -> Any:
        """Updates with a batch.

        Args:
            preds: The fused images, `[batch, height, width, channels]`.
            ms: The multispectral images, whose height and width divide those of the fused images.
            pan: The panchromatic images, as large as the fused images, with one channel or as many.
            pan_lr: Panchromatic images as small as the multispectral images; by default `pan`,
                averaged over windows and resized.
            sample_weight: The weight of each image.
            mask: Booleans: false excludes an image.
        """
        images = _read(sample_weight, mask, preds=preds, ms=ms, pan=pan, pan_lr=pan_lr)
        _check_channels(self.num_channels, preds=images["preds"], ms=images["ms"])
        _check_sizes(images)
        if pan_lr is None:
            smooth = window_means(images["pan"], self.window_size)
            shape = (*images["ms"].shape[:3], smooth.shape[-1])
            images["pan_lr"] = jax.image.resize(smooth, shape, "linear", antialias=False)
        both = [_to_gray(images[a], images[b]) for a, b in (("ms", "pan_lr"), ("preds", "pan"))]
        self.add(jnp.stack(both, 1), sample_weight, mask)

    def compute(self) -> jax.Array:
        """The index."""
        before, after = super().compute()
        powers = abs(before - after) ** self.norm_order
        if self.reduction == "none":
            return powers ** (1 / self.norm_order)
        total = powers.mean() if self.reduction == "mean" else powers.sum()
        return total ** (1 / self.norm_order)


class QualityWithNoReference(Metric):
    """The quality of fused images without a reference (QNR), from 0 to 1.

    `(1 - d_lambda)**alpha * (1 - d_s)**beta`, from `SpectralDistortionIndex` and
    `SpatialDistortionIndex`. NaN before the first update.

    Args:
        num_channels: The number of channels of the multispectral images.
        alpha: The weight of the spectral distortion.
        beta: The weight of the spatial distortion.
        norm_order: The power of both.
        window_size: As in `SpatialDistortionIndex`.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or shapes do not fit.

    Source: See `SpectralDistortionIndex`.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> ms = jax.random.uniform(jax.random.key(0), (4, 16, 16, 3))
        >>> preds, pan = jax.random.uniform(jax.random.key(1), (2, 4, 32, 32, 3))
        >>> qnr = jm.metrics.QualityWithNoReference(num_channels=3)
        >>> bool(qnr(preds=preds, ms=ms, pan=pan) > 0.8)
        True
    """

    higher_is_better = True
    bounds = (-1, 1)
    spectral: SpectralDistortionIndex
    spatial: SpatialDistortionIndex

    def __init__(
        self,
        *,
        num_channels: int,
        alpha: float = 1.0,
        beta: float = 1.0,
        norm_order: int = 1,
        window_size: int = 7,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        positive(num_channels=num_channels, norm_order=norm_order, window_size=window_size)
        if alpha < 0 or beta < 0:
            raise ValueError(f"alpha and beta must not be negative; got {alpha} and {beta}.")
        self.alpha, self.beta = alpha, beta
        dtype = options.get("dtype")
        self.spectral = SpectralDistortionIndex(
            num_channels=num_channels, p=norm_order, dtype=dtype
        )
        self.spatial = SpatialDistortionIndex(
            num_channels=num_channels, norm_order=norm_order, window_size=window_size, dtype=dtype
        )

    def update(
        self,
        *,
        preds: Any,
        ms: Any,
        pan: Any,
        pan_lr: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
    ) -> Any:
        """Updates with a batch; see `SpatialDistortionIndex.update`."""
        chosen = {"sample_weight": sample_weight, "mask": mask}
        self.spectral.update(target=ms, preds=preds, **chosen)
        self.spatial.update(preds=preds, ms=ms, pan=pan, pan_lr=pan_lr, **chosen)

    def compute(self) -> jax.Array:
        """The quality."""
        kept = [(1 - part.compute()) for part in (self.spectral, self.spatial)]
        return kept[0] ** self.alpha * kept[1] ** self.beta


def _read(sample_weight: Any, mask: Any, **images: Any) -> dict[str, jax.Array]:
    """The given images as floats; zeros in place of images of weight 0."""
    read = {name: as_images(name, x) for name, x in images.items() if x is not None}
    sizes = {name: len(x) for name, x in read.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"All arguments must have as many images, but got {sizes}.")
    weight = weights(next(iter(read.values())).shape[:1], sample_weight, mask)
    return {name: where_weighted(x, weight) for name, x in read.items()}


def _check_channels(number: int, **images: jax.Array) -> None:
    for name, one in images.items():
        if one.shape[-1] != number:
            raise ValueError(
                f"{name} of shape {list(one.shape)} must have {number} channels, as "
                f"num_channels={number} says."
            )


def _check_sizes(images: dict[str, jax.Array]) -> None:
    shapes = {name: list(one.shape) for name, one in images.items()}
    large, small = images["preds"].shape, images["ms"].shape
    pan, pan_lr = images["pan"].shape, images.get("pan_lr", images["ms"]).shape
    if pan[1:3] != large[1:3] or pan_lr[1:3] != small[1:3]:
        raise ValueError(
            f"pan must be as high and wide as preds, and pan_lr as ms; got the shapes {shapes}."
        )
    if large[1] % small[1] or large[2] % small[2]:
        raise ValueError(f"The height and width of ms must divide those of preds; got {shapes}.")
    if {pan[-1], pan_lr[-1]} - {1, large[-1]}:
        raise ValueError(
            f"pan and pan_lr must have one channel, or as many as preds; got {shapes}."
        )


def _to_gray(images: jax.Array, gray: jax.Array) -> jax.Array:
    """The quality index of each channel and a gray image, `[batch, channels]`."""
    gray = jnp.broadcast_to(as_float("pan", gray), images.shape)
    each = jax.vmap(quality, (-1, -1), -1)
    return each(images[..., None, :], gray[..., None, :])[..., 0, :]


def _between_channels(images: jax.Array) -> jax.Array:
    """The quality index of each pair of channels, `[batch, channels, channels]`."""

    def with_all(channel: jax.Array) -> jax.Array:
        same = jnp.broadcast_to(channel[..., None], images.shape)
        each = jax.vmap(quality, (-1, -1), -1)
        return each(same[..., None, :], images[..., None, :])[..., 0, :]

    return jnp.moveaxis(jax.lax.map(with_all, jnp.moveaxis(images, -1, 0)), 0, 1)


spectral_distortion_index = functional(SpectralDistortionIndex)
spatial_distortion_index = functional(SpatialDistortionIndex)
quality_with_no_reference = functional(QualityWithNoReference)
