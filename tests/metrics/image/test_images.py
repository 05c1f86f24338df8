"""Metrics of images: layouts, options, units and extreme values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

import jax_metrics as jm
from jax_metrics import metrics

rng = np.random.default_rng(0)
TARGET = np.float32(rng.uniform(0.1, 1, size=(2, 12, 10, 2)))
PREDS = np.float32(np.clip(TARGET + 0.1 * rng.normal(size=TARGET.shape), 0, 1))

# Each class with wrong options, and a part of the message.
WRONG = [
    (metrics.StructuralSimilarityIndexMeasure, {"data_range": 0.0}, "data_range must be the diff"),
    (metrics.StructuralSimilarityIndexMeasure, {"data_range": (1, 0)}, "got \\(1, 0\\)"),
    *(
        (cls, {"data_range": wrong}, "data_range must be the difference")
        for cls, wrong in (
            (metrics.StructuralSimilarityIndexMeasure, [0.5]),
            (metrics.PeakSignalNoiseRatio, [1, 0]),
            (metrics.PeakSignalNoiseRatio, np.inf),
            (metrics.PeakSignalNoiseRatioWithBlockedEffect, "1"),
        )
    ),
    (metrics.StructuralSimilarityIndexMeasure, {"data_range": 1.0, "sigma": 0}, "sigma must be"),
    (
        metrics.StructuralSimilarityIndexMeasure,
        {"data_range": 1.0, "kernel_size": (3, 4)},
        "kernel_size must be odd",
    ),
    (
        metrics.StructuralSimilarityIndexMeasure,
        {"data_range": 1.0, "padding": "same"},
        "padding must be one of",
    ),
    (
        metrics.StructuralSimilarityIndexMeasure,
        {"data_range": 1.0, "reduction": "rate"},
        "reduction must be one of 'mean', 'sum', 'none'",
    ),
    (
        metrics.MultiScaleStructuralSimilarityIndexMeasure,
        {"data_range": 1.0, "betas": ()},
        "betas must have the weight",
    ),
    (
        metrics.MultiScaleStructuralSimilarityIndexMeasure,
        {"data_range": 1.0, "normalize": "abs"},
        "normalize must be one of",
    ),
    (metrics.PeakSignalNoiseRatio, {"data_range": None, "axis": 1}, "With `axis` each ratio"),
    (metrics.PeakSignalNoiseRatio, {"data_range": 1.0, "base": 1}, "base must be positive and not"),
    (
        metrics.PeakSignalNoiseRatioWithBlockedEffect,
        {"data_range": 1.0, "block_size": 0},
        "block_size must be greater",
    ),
    (metrics.UniversalImageQualityIndex, {"kernel_size": (4, 4)}, "kernel_size must be odd"),
    (metrics.UniversalImageQualityIndex, {"sigma": (1.0,)}, "a value for the height and one"),
    (metrics.UniversalImageQualityIndex, {"kernel_size": 11}, "a value for the height and one"),
    (
        metrics.MemorizationInformedFrechetInceptionDistance,
        {"num_features": 0, "capacity": 2},
        "num_features must be greater",
    ),
    (
        metrics.QualityWithNoReference,
        {"num_channels": 2, "norm_order": 0},
        "norm_order must be greater",
    ),
    (metrics.SpatialCorrelationCoefficient, {"window_size": 0}, "window_size must be greater"),
    (
        metrics.SpatialCorrelationCoefficient,
        {"high_pass_filter": (-1, 2, -1)},
        "weights in rows of one length",
    ),
    (metrics.QualityWithNoReference, {"num_channels": 2, "alpha": -1}, "alpha and beta must not"),
    (metrics.SpatialDistortionIndex, {"num_channels": 2, "reduction": "max"}, "reduction must be"),
    (metrics.ARNIQA, {"encoder": abs, "regressor": abs, "score_range": (2, 1)}, "score_range must"),
]


@pytest.mark.parametrize(("cls", "options", "message"), WRONG)
def test_wrong_options(cls, options, message):
    with pytest.raises(ValueError, match=message):
        cls(**options)


@pytest.mark.parametrize("given", [[0.25, 0.75], np.array([0.25, 0.75])])
def test_ranges_and_axes_as_lists(given):
    found, expected = (
        metrics.peak_signal_noise_ratio(
            TARGET, PREDS, data_range=data_range, axis=axis, reduction="none"
        )
        for data_range, axis in ((given, [1, 2, 3]), ((0.25, 0.75), (1, 2, 3)))
    )
    np.testing.assert_array_equal(found, expected)
    assert metrics.StructuralSimilarityIndexMeasure(data_range=given).data_range == (0.25, 0.75)
    assert metrics.PeakSignalNoiseRatio(data_range=np.float32(255)).data_range == 255


ssim = metrics.StructuralSimilarityIndexMeasure(data_range=1.0)
SMALL = [
    (ssim, "too small for a window of 11 pixels with padding='reflect'"),
    (
        metrics.StructuralSimilarityIndexMeasure(data_range=1.0, padding="valid"),
        "11 pixels or more",
    ),
    (
        metrics.StructuralSimilarityIndexMeasure(data_range=1.0, sigma=(1.0, 1.0, 1.0)),
        "sigma has 3 values, but images have 2 spatial axes",
    ),
    (
        metrics.MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0, sigma=0.5),
        "2, 2] pixels at one of the scales|are too small",
    ),
    (metrics.UniversalImageQualityIndex(), "5 x 5 pixels are smaller than a window of 11 x 11"),
    (metrics.SpatialCorrelationCoefficient(), "smaller than a window of 8 x 8"),
    (metrics.VisualInformationFidelity(), "they must have 41 x 41 pixels"),
    (metrics.RootMeanSquaredErrorUsingSlidingWindow(), "too small for windows of 8 x 8"),
]


@pytest.mark.parametrize(("metric", "message"), SMALL)
def test_images_that_are_too_small(metric, message):
    images = jax.ShapeDtypeStruct((2, 5, 5, 1), jnp.float32)
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda x: metric.values(x, x), images)


def test_axes_of_ratios():
    psnr = metrics.PeakSignalNoiseRatio(data_range=1.0, axis=(0, 1))
    with pytest.raises(ValueError, match="contains the first axis"):
        psnr.update(target=TARGET, preds=PREDS)


def test_panchromatic_images():
    given = {"preds": np.zeros((1, 24, 24, 2)), "ms": np.zeros((1, 12, 12, 2))}
    index = metrics.SpatialDistortionIndex(num_channels=2)
    with pytest.raises(ValueError, match="must have one channel, or as many as preds"):
        index.update(**given, pan=np.zeros((1, 24, 24, 3)))
    with pytest.raises(ValueError, match="The height and width of ms must divide"):
        index.update(**given | {"ms": np.zeros((1, 13, 12, 2))}, pan=np.zeros((1, 24, 24, 1)))


@pytest.mark.slow
def test_a_panchromatic_image_is_averaged_and_resized_by_default():
    preds, ms = rng.uniform(size=(2, 24, 24, 2)), rng.uniform(size=(2, 12, 12, 2))
    pan = rng.uniform(size=(2, 24, 24, 1))
    index = metrics.SpatialDistortionIndex(num_channels=2, reduction="none")
    found = index(preds=preds, ms=ms, pan=pan)
    smooth = ndimage.uniform_filter(pan, (1, 7, 7, 1)).reshape(2, 12, 2, 12, 2, 1)
    expected = index(preds=preds, ms=ms, pan=pan, pan_lr=smooth.mean((2, 4)))
    assert found.shape == (2,)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-25, 1e25])
@pytest.mark.parametrize(
    "make",
    [
        lambda unit: metrics.StructuralSimilarityIndexMeasure(data_range=unit, sigma=0.5),
        lambda unit: metrics.PeakSignalNoiseRatio(data_range=unit),
        lambda unit: metrics.PeakSignalNoiseRatio(data_range=None),
        lambda unit: metrics.UniversalImageQualityIndex(kernel_size=(5, 5)),
        lambda unit: metrics.SpectralAngleMapper(),
        lambda unit: metrics.SpatialCorrelationCoefficient(window_size=4),
        lambda unit: metrics.ErrorRelativeGlobalDimensionlessSynthesis(),
    ],
)
def test_values_do_not_depend_on_the_unit(make, unit):
    expected = make(1.0)(target=TARGET, preds=PREDS)
    found = make(unit)(target=np.float32(TARGET * unit), preds=np.float32(PREDS * unit))
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_the_range_of_all_targets():
    psnr = metrics.PeakSignalNoiseRatio(data_range=None)
    for target, preds in zip(TARGET, PREDS, strict=True):
        psnr.update(target=target, preds=preds)
    error = np.mean((np.float64(TARGET) - PREDS) ** 2)
    expected = 10 * np.log10(np.ptp(TARGET) ** 2 / error)
    np.testing.assert_allclose(psnr.compute(), expected, rtol=1e-5)


@pytest.mark.slow
def test_equal_images():
    assert metrics.peak_signal_noise_ratio(TARGET, TARGET, data_range=1.0) == np.inf
    assert metrics.spectral_angle_mapper(TARGET, TARGET) == 0
    flat = np.full((1, 16, 16, 1), 0.3, np.float32)
    assert metrics.structural_similarity_index_measure(flat, flat, data_range=1.0) == 1


def _in_windows(target, preds, weights):
    """Means, variances and covariance by their definition, where variances of 1e-20 are 0."""
    axes = (-2, -1)
    windows = [np.lib.stride_tricks.sliding_window_view(x, weights.shape) for x in (target, preds)]
    means = [(x * weights).sum(axes) for x in windows]
    x, y = (x - mean[..., None, None] for x, mean in zip(windows, means, strict=True))
    variances = [(x * x * weights).sum(axes), (y * y * weights).sum(axes)]
    variances = [np.where(one < 1e-20, 0, one) for one in variances]
    return *means, *variances, (x * y * weights).sum(axes)


def _quality(target, preds):
    line = np.exp(-(((np.arange(11) - 5) / 1.5) ** 2) / 2)
    weights = np.outer(line, line) / line.sum() ** 2
    mean_t, mean_p, var_t, var_p, cov = _in_windows(target, preds, weights)
    below = (mean_t**2 + mean_p**2) * (var_t + var_p)
    flat = (var_t == 0) | (var_p == 0)
    return np.where(flat, 0, 4 * mean_t * mean_p * cov / np.where(below == 0, 1, below)).mean()


def _correlation(size, kernel):
    def correlation(target, preds):
        details = []
        for image in (target, preds):
            image = np.pad(image, 1, mode="symmetric")
            center = image[1:-1, 1:-1]
            shifted = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
            differences = shifted - center[..., None, None]
            detail = np.sum(kernel) * center + (differences * kernel).sum((-2, -1))
            details.append(np.pad(detail, (size // 2, (size - 1) // 2)))
        *_, var_t, var_p, cov = _in_windows(*details, np.full((size, size), size**-2.0))
        flat = (var_t == 0) | (var_p == 0)
        return np.where(flat, 0, cov / np.sqrt(np.where(flat, 1, var_t * var_p))).mean()

    return correlation


LAPLACE = ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))
CROSS = ((0, 1, 0), (1, 1, 1), (0, 1, 0))
NEAR_NOTHING = [
    (metrics.UniversalImageQualityIndex(), _quality),
    *(
        (
            metrics.SpatialCorrelationCoefficient(window_size=size, high_pass_filter=kernel),
            _correlation(size, np.array(kernel)),
        )
        for size, kernel in ((2, LAPLACE), (7, LAPLACE), (8, LAPLACE), (11, LAPLACE), (8, CROSS))
    ),
]


def _flat(target, preds):
    target[:, 14:], preds[:, 14:] = 0.5, 0.3


def _flat_target(target, preds):
    target[:, 14:] = 0.77


def _dark(target, preds):
    target[:], preds[:] = np.round(4 * target), np.round(4 * preds)
    target[:4, :4] = preds[:4, :4] = 255


def _ramp(target, preds):
    slope = np.linspace(0, 100, len(target))[:, None]
    target[:], preds[:] = target + slope, target + 0.5 * preds + slope


@pytest.mark.parametrize("change", [_flat, _flat_target, _dark, _ramp])
@pytest.mark.parametrize(("metric", "expected"), NEAR_NOTHING)
def test_rounding_errors_are_no_structure(metric, expected, change):
    images = np.random.default_rng(0).uniform(0.1, 1, size=(2, 40, 40)).astype(np.float32)
    change(*images)
    found = metric.values(*images[..., None, :, :, None])[0]
    np.testing.assert_allclose(found, expected(*np.float64(images)), rtol=1e-5, atol=1e-6)
    if change is _dark:
        assert metric.values(*images[[0, 0], None, :, :, None])[0] <= 1


@pytest.mark.slow
def test_long_images_are_filtered_in_tiles():
    images = np.float32(rng.normal(size=(1, 150, 70, 1)) + 100)
    metric = metrics.RootMeanSquaredErrorUsingSlidingWindow(window_size=5)
    windows = np.lib.stride_tricks.sliding_window_view(np.float64(images)[0, ..., 0], (5, 5))
    expected = np.sqrt((windows**2).mean((-2, -1)))
    found = metric(target=images, preds=np.zeros_like(images))
    np.testing.assert_allclose(found, expected.mean(), rtol=1e-6)


def test_a_network_of_wrong_maps():
    def flat(images):
        return images.reshape(len(images), -1)

    lpips = metrics.LearnedPerceptualImagePatchSimilarity(feature=flat, scale=False)
    with pytest.raises(ValueError, match="feature must return a sequence of maps"):
        lpips.values(TARGET, PREDS)
    lpips = metrics.LearnedPerceptualImagePatchSimilarity(
        feature=lambda x: x, weights=[np.ones(3)], scale=False
    )
    with pytest.raises(ValueError, match="weights are for maps of \\[3\\] channels, but"):
        lpips.values(TARGET, PREDS)
    arniqa = metrics.ARNIQA(encoder=flat, regressor=lambda x: x, normalize=False)
    with pytest.raises(ValueError, match="regressor must return one score for each of 2 images"):
        arniqa.update(TARGET)


def test_distances_of_a_path():
    ppl = metrics.PerceptualPathLength(generator=abs, distance=lambda a, b: a, capacity=4)
    with pytest.raises(ValueError, match="distance must return one number for each of 2 pairs"):
        ppl.update(latents=np.ones((2, 3)), other_latents=np.ones((2, 3)))
    for options, message in (
        ({"epsilon": 0}, "epsilon must be greater"),
        ({"interpolation_method": "arc"}, "interpolation_method must be one of"),
        ({"upper_discard": 2}, "upper_discard must lie between"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.PerceptualPathLength(generator=abs, distance=abs, **options)
    assert ppl.directions == {"mean": False, "std": None}


def test_modules_as_networks():
    module = jm.Linear(3)
    with pytest.raises(ValueError, match="feature is a Linear that is not initialized"):
        metrics.FrechetInceptionDistance(num_features=3, feature=module)
    with pytest.raises(TypeError, match="feature must be a function or a module .* got str"):
        metrics.FrechetInceptionDistance(num_features=3, feature="inception")
    with pytest.raises(TypeError, match="FeatureShare needs the network"):
        metrics.FeatureShare([], feature=None)
    module = module.init(0, np.ones((2, 4)))
    fid = metrics.FrechetInceptionDistance(num_features=3, feature=module)
    with pytest.raises(ValueError, match="The metric 'frechet_inception_distance' has a network"):
        metrics.FeatureShare([fid], feature=abs)
    assert not fid.feature.training and jm.num_parameters(fid) == 15


def named_texts(texts):
    return {"input_ids": np.zeros((len(texts), 1), int), "attention_mask": np.ones((1, 1), int)}


TEXTS = {"tokenizer": named_texts}


class Holder(jm.Module):
    """A model with a metric inside."""

    def __init__(self, metric):
        self.metric = metric


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("feature", lambda net: metrics.FrechetInceptionDistance(num_features=3, feature=net)),
        ("generator", lambda net: metrics.PerceptualPathLength(generator=net, distance=abs)),
        ("source_encoder", lambda net: metrics.CLIPScore(source_encoder=net)),
        ("encoder", lambda net: metrics.BERTScore(encoder=net, **TEXTS)),
        ("encoder", lambda net: metrics.InfoLM(encoder=net, mask_id=0, **TEXTS)),
        ("model", lambda net: metrics.NonIntrusiveSpeechQualityAssessment(fs=16000, model=net)),
    ],
)
def test_networks_stay_as_they_are_when_a_model_around_is_trained(name, make):
    network = jm.Sequential([jm.BatchNorm()]).init(0, np.ones((2, 3), np.float32))
    inside = getattr(Holder(make(network)).train().metric, name)
    assert inside.frozen and inside[0].frozen
    assert not jax.tree.leaves(inside.trainable_parameters())
    with pytest.raises(ValueError, match=rf"{name} is a BatchNorm .*`{name}.init\(key, inputs\)`"):
        make(jm.BatchNorm())
    if name != "model":
        with pytest.raises(TypeError, match=f"{name} must be a function or a module .* got str"):
            make("inception")
