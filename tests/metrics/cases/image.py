"""Metrics of images, with references in NumPy."""

import numpy as np
from image_cases import LAYOUT, averaged, case, of_images
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from jax_metrics.metrics import (
    ErrorRelativeGlobalDimensionlessSynthesis,
    MultiScaleStructuralSimilarityIndexMeasure,
    PeakSignalNoiseRatio,
    PeakSignalNoiseRatioWithBlockedEffect,
    QualityWithNoReference,
    RelativeAverageSpectralError,
    RootMeanSquaredErrorUsingSlidingWindow,
    SpatialCorrelationCoefficient,
    SpatialDistortionIndex,
    SpectralAngleMapper,
    SpectralDistortionIndex,
    StructuralSimilarityIndexMeasure,
    TotalVariation,
    UniversalImageQualityIndex,
    VisualInformationFidelity,
)

rng = np.random.default_rng(0)
TARGET = rng.uniform(0.1, 1, size=(8, 12, 10, 2)).astype(np.float32)
PREDS = np.clip(TARGET + 0.2 * rng.normal(size=TARGET.shape), 0.01, 1).astype(np.float32)
IMAGES = {"target": TARGET, "preds": PREDS}
GRAY = {name: x[..., :1] for name, x in IMAGES.items()}
LARGE = {name: 255 * np.kron(x[:, :6, :6, :1], np.ones((1, 7, 7, 1))) for name, x in IMAGES.items()}
FUSED = {
    "preds": rng.uniform(size=(8, 24, 24, 2)),
    "ms": rng.uniform(size=(8, 12, 12, 2)),
    "pan": rng.uniform(size=(8, 24, 24, 1)),
    "pan_lr": rng.uniform(size=(8, 12, 12, 1)),
}


def over(images, weights):
    """The weighted mean in each window of `[batch, height, width, channels]`."""
    return np.einsum("...ij,ij->...", sliding_window_view(images, weights.shape, (1, 2)), weights)


def gaussian(size, sigma):
    one = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    return np.outer(one, one) / one.sum() ** 2


def moments(target, preds, weights):
    means = over(target, weights), over(preds, weights)
    variances = [over(x**2, weights) - m**2 for x, m in zip((target, preds), means, strict=True)]
    return *means, *variances, over(target * preds, weights) - means[0] * means[1]


def mean(values):
    return values.mean((1, 2, 3))


def similarity(target, preds, pad, sigma, size, factor=1.0):
    widths = [(0, 0), (pad, pad), (pad, pad), (0, 0)]
    target, preds = (np.pad(x, widths, mode="reflect") for x in (target, preds))
    mt, mp, vt, vp, cov = moments(target, preds, gaussian(size, sigma))
    c1, c2 = (0.01 * factor) ** 2, (0.03 * factor) ** 2
    contrast = (2 * cov + c2) / (vt + vp + c2)
    return (2 * mt * mp + c1) / (mt**2 + mp**2 + c1) * contrast, contrast


def ssim(target, preds):
    return mean(similarity(target, preds, 2, 0.5, 5)[0])


def multiscale(target, preds):
    _, contrast = similarity(target, preds, 0, 0.5, 5)
    halves = [x.reshape(8, 6, 2, 5, 2, 2).mean((2, 4)) for x in (target, preds)]
    return mean(contrast).clip(0) ** 0.4 * mean(similarity(*halves, 0, 0.5, 5)[0]).clip(0) ** 0.6


def psnr(target, preds, sample_weight=None):
    mse = averaged(mean((np.float64(target) - preds) ** 2), sample_weight)
    return -10 * np.log10(mse)


def psnrb(target, preds, sample_weight=None):
    target, preds = np.float64(target)[..., 0], np.float64(preds)[..., 0]
    at_edges, elsewhere = np.zeros(8), np.zeros(8)
    for axis in (1, 2):
        steps = np.moveaxis(np.diff(preds, axis=axis) ** 2, axis, 0).sum(-1)
        is_edge = np.arange(1, len(steps) + 1) % 4 == 0
        at_edges, elsewhere = at_edges + steps[is_edge].sum(0), elsewhere + steps[~is_edge].sum(0)
    edges = 2 * 12 * 10 / 4 - 2
    difference = at_edges / edges - elsewhere / (12 * 9 + 10 * 11 - edges)
    effect = np.log(4) / np.log(10) * difference.clip(0)
    error = ((target - preds) ** 2).mean((1, 2)) + effect
    return -10 * np.log10(averaged(error, sample_weight))


def quality(target, preds):
    """The universal quality index of each channel, `[batch, channels]`."""
    mt, mp, vt, vp, cov = moments(target, preds, gaussian(11, 1.5))
    return (4 * mt * mp * cov / ((mt**2 + mp**2) * (vt + vp))).mean((1, 2))


def small_quality(target, preds):
    mt, mp, vt, vp, cov = moments(target, preds, gaussian(5, 1.5))
    return mean(4 * mt * mp * cov / ((mt**2 + mp**2) * (vt + vp)))


def angle(target, preds):
    norms = np.linalg.norm(target, axis=-1) * np.linalg.norm(preds, axis=-1)
    return np.arccos((target * preds).sum(-1) / norms).mean((1, 2))


def correlation(target, preds):
    kernel = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])[None, :, :, None]
    widths = [(0, 0), (2, 1), (2, 1), (0, 0)]
    details = [np.pad(ndimage.convolve(x, kernel), widths) for x in (target, preds)]
    *_, vt, vp, cov = moments(*details, np.full((4, 4), 1 / 16))
    return mean(cov / np.sqrt(vt * vp))


def variation(values, sample_weight=None):
    values = np.float64(values)
    steps = sum(abs(np.diff(values, axis=axis)).sum((1, 2, 3)) for axis in (1, 2))
    return (steps * (1 if sample_weight is None else sample_weight)).sum()


def fidelity(target, preds):
    received = sent = 0
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        weights = gaussian(size, size / 5)
        if scale:
            target, preds = (over(x, weights)[:, ::2, ::2] for x in (target, preds))
        *_, vt, vp, cov = moments(target, preds, weights)
        gain = cov / (vt + 1e-10)
        noise = np.where(gain < 0, vp, vp - gain * cov).clip(1e-10)
        received += np.log(1 + gain.clip(0) ** 2 * vt / (noise + 2)).sum((1, 2))
        sent += np.log(1 + vt / 2).sum((1, 2))
    return (received / sent).mean(1)


def relative_error(target, preds):
    relative = ((target - preds) ** 2).mean((1, 2)) / target.mean((1, 2)) ** 2
    return 25 * np.sqrt(relative.mean(1))


def smooth(images, size):
    return ndimage.uniform_filter(np.float64(images), (1, size, size, 1))


def errors(target, preds):
    return np.sqrt(smooth((np.float64(target) - preds) ** 2, 4))


def window_errors(target, preds):
    return mean(errors(target, preds)[:, 2:-2, 2:-2])


def rase(target, preds, sample_weight=None):
    error = averaged(errors(target, preds), sample_weight)
    means = averaged(smooth(target, 4), sample_weight).mean(-1) / 16
    return (100 * np.sqrt((error**2).mean(-1)) / means)[2:-2, 2:-2].mean()


def d_lambda(target, preds, sample_weight=None):
    both = []
    for images in (np.float64(target), np.float64(preds)):
        pairs = [(a, b) for a in range(images.shape[-1]) for b in range(images.shape[-1]) if a != b]
        each = [quality(images[..., [a]], images[..., [b]])[:, 0] for a, b in pairs]
        both.append(averaged(np.stack(each, -1), sample_weight))
    return abs(both[0] - both[1]).mean()


def d_s(preds, ms, pan, pan_lr, sample_weight=None):
    def index(images, gray):
        return quality(images, np.broadcast_to(gray, images.shape))

    before, after = (averaged(index(*x), sample_weight) for x in ((ms, pan_lr), (preds, pan)))
    return abs(before - after).mean()


def qnr(preds, ms, pan, pan_lr, sample_weight=None):
    spectral = d_lambda(ms, preds, sample_weight)
    return (1 - spectral) * (1 - d_s(preds, ms, pan, pan_lr, sample_weight))


SMALL = dict(sigma=0.5, data_range=1.0)

CASES = [
    case(StructuralSimilarityIndexMeasure(**SMALL), IMAGES, of_images(ssim), LAYOUT, sharded=True),
    case(
        MultiScaleStructuralSimilarityIndexMeasure(betas=(0.4, 0.6), padding="valid", **SMALL),
        IMAGES,
        of_images(multiscale),
        LAYOUT[:1],
    ),
    case(PeakSignalNoiseRatio(data_range=1.0), IMAGES, psnr, LAYOUT[2:]),
    case(
        PeakSignalNoiseRatioWithBlockedEffect(data_range=1.0, block_size=4),
        GRAY,
        psnrb,
        [(IMAGES, ValueError, "gray images"), LAYOUT[0]],
    ),
    case(UniversalImageQualityIndex(kernel_size=(5, 5)), IMAGES, of_images(small_quality), LAYOUT),
    case(
        SpectralAngleMapper(),
        IMAGES,
        of_images(angle),
        [(GRAY, ValueError, "two channels or more"), LAYOUT[1]],
    ),
    case(SpatialCorrelationCoefficient(window_size=4), IMAGES, of_images(correlation), LAYOUT),
    case(
        TotalVariation(),
        {"values": TARGET},
        variation,
        [({"values": np.zeros((8, 3, 12, 10))}, ValueError, "channels first")],
    ),
    case(VisualInformationFidelity(), LARGE, of_images(fidelity), LAYOUT),
    case(ErrorRelativeGlobalDimensionlessSynthesis(), IMAGES, of_images(relative_error), LAYOUT),
    case(
        RootMeanSquaredErrorUsingSlidingWindow(window_size=4),
        IMAGES,
        of_images(window_errors),
        LAYOUT,
    ),
    case(
        RelativeAverageSpectralError(image_shape=(12, 10, 2), window_size=4),
        IMAGES,
        rase,
        [(GRAY, ValueError, "Give its `image_shape`")],
    ),
    case(
        SpectralDistortionIndex(num_channels=2),
        {name: np.concatenate([x, x[:, :, ::-1]], 2) for name, x in IMAGES.items()},
        d_lambda,
        [({"preds": np.zeros((8, 12, 20, 3))}, ValueError, "must have 2 channels")],
    ),
    case(
        SpatialDistortionIndex(num_channels=2),
        FUSED,
        d_s,
        [
            ({"pan": np.zeros((8, 16, 16, 1))}, ValueError, "as high and wide"),
            ({"ms": np.zeros((8, 12, 12, 4))}, ValueError, "must have 2 channels"),
            ({"ms": np.zeros((4, 12, 12, 2))}, ValueError, "must have as many images"),
        ],
    ),
    case(QualityWithNoReference(num_channels=2), FUSED, qnr),
]

# These differ from another class in a formula, which the slow run compares with its reference, or
# have a test of their own in the quick run.
SIBLINGS = {type(one["metric"]) for one in CASES} - {StructuralSimilarityIndexMeasure}
