"""Ratios of signals: loudness, silence, speakers and optional packages."""

import sys

import jax
import numpy as np
import pytest

from jax_metrics import metrics
from jax_metrics.metrics import SignalNoiseRatio, permutation_invariant_training

rng = np.random.default_rng(0)
TARGET = np.float32(rng.normal(size=(4, 2, 40)))
PREDS = np.float32(TARGET + 0.3 * rng.normal(size=TARGET.shape))
RATIOS = [
    metrics.SignalNoiseRatio(),
    metrics.ScaleInvariantSignalDistortionRatio(),
    metrics.SourceAggregatedSignalDistortionRatio(scale_invariant=False),
    metrics.SignalDistortionRatio(filter_length=4),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-30, 1e30])
@pytest.mark.parametrize("metric", RATIOS, ids=lambda metric: type(metric).__name__)
def test_ratios_do_not_depend_on_the_loudness(metric, unit):
    expected = metric.values(TARGET, PREDS)
    found = metric.values(np.float32(TARGET * unit), np.float32(PREDS * unit))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_silence_and_equal_signals_have_finite_ratios():
    values = jax.jit(SignalNoiseRatio().values)
    assert values(0 * TARGET, 0 * TARGET)[0, 0] == 0
    assert 100 < values(TARGET, TARGET)[0, 0] < 200
    assert -200 < values(0 * TARGET, TARGET)[0, 0] < -100


@pytest.mark.parametrize("length", [1, 4, 16])
def test_ratios_after_the_best_filter_are_finite(length):
    metric = metrics.SignalDistortionRatio(filter_length=length)
    time = np.arange(40, dtype=np.float32)
    target = np.stack([TARGET[0, 0], np.sin(0.3 * time), np.ones(40), time == 3])
    values = metric.values(np.float32([target, target]), np.float32([2 * target, 0 * target]))
    assert ((140 < values[0]) & (values[0] < 157)).all()
    assert ((-157 < values[1]) & (values[1] < -140)).all()


@pytest.mark.slow
def test_more_speakers_than_are_tried_in_each_order():
    target = np.float32(rng.normal(size=(2, 6, 20)))
    order = rng.permutation(6)
    _, found = permutation_invariant_training(
        target, target[:, order], metric_func=SignalNoiseRatio()
    )
    np.testing.assert_array_equal(np.argsort(order), found[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metric_func": SignalNoiseRatio}, TypeError, "metric_func must be a metric with a value"),
        ({"metric_func": metrics.Mean()}, TypeError, "metric_func must be a metric with a value"),
        ({"metric_func": abs, "mode": "each"}, ValueError, "mode must be one of"),
        ({"metric_func": abs, "eval_func": "best"}, ValueError, "eval_func must be one of"),
    ],
)
def test_wrong_options_of_permutations(options, error, message):
    with pytest.raises(error, match=message):
        metrics.PermutationInvariantTraining(**options)
    with pytest.raises(error, match=message):
        permutation_invariant_training(TARGET, PREDS, **options)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (permutation_invariant_training, "of all examples. `PermutationInvariantTraining` takes"),
        (metrics.procrustes, "it returns the values of all examples. `ProcrustesDisparity` takes"),
        (
            metrics.edit_distances,
            "the distances of all pairs. `TokenEditDistance` takes",
        ),
        (metrics.intersection_over_union, "Its class compares images, takes a `mask`"),
    ],
)
def test_functions_without_masks(function, message):
    name = function.__name__
    with pytest.raises(TypeError, match=f"{name} has no argument 'mask': .*{message}"):
        function(TARGET, PREDS, mask=np.ones(4, bool))
    with pytest.raises(TypeError, match=f"{name} has no argument 'maks'. It takes target, preds"):
        function(TARGET, PREDS, maks=np.ones(4, bool))


def test_a_function_that_returns_a_mean():
    with pytest.raises(ValueError, match="metric_func must return one value for each of 4 ex"):
        permutation_invariant_training(
            TARGET, PREDS, metric_func=lambda target, preds: (target - preds).mean()
        )


PACKAGES = {
    "pesq": lambda: metrics.PerceptualEvaluationSpeechQuality(fs=16000, mode="wb"),
    "pystoi": lambda: metrics.ShortTimeObjectiveIntelligibility(fs=16000),
    "srmrpy": lambda: metrics.SpeechReverberationModulationEnergyRatio(fs=16000),
    "speechmos": lambda: metrics.DeepNoiseSuppressionMeanOpinionScore(fs=16000),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_named(monkeypatch, package):
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"with the package '{package}'.*pip install"):
        PACKAGES[package]()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: metrics.PerceptualEvaluationSpeechQuality(fs=44100, mode="wb"),
            ValueError,
            "fs must be one of 8000, 16000",
        ),
        (
            lambda: metrics.PerceptualEvaluationSpeechQuality(fs=8000, mode="wb"),
            ValueError,
            "Wide-band speech, mode='wb', has",
        ),
        (
            lambda: metrics.ShortTimeObjectiveIntelligibility(fs=0),
            ValueError,
            "fs must be greater than 0",
        ),
        (
            lambda: metrics.DeepNoiseSuppressionMeanOpinionScore(fs=8000),
            ValueError,
            "hears speech at fs=16000, not 8000",
        ),
        (
            lambda: metrics.NonIntrusiveSpeechQualityAssessment(fs=8000, model="nisqa"),
            TypeError,
            "model must be a function of a signal",
        ),
        (
            lambda: metrics.NonIntrusiveSpeechQualityAssessment(fs=8000, model=abs).update(1.0),
            ValueError,
            "but have no axes",
        ),
        (
            lambda: metrics.SignalDistortionRatio(filter_length=0),
            ValueError,
            "filter_length must be greater than 0",
        ),
    ],
)
def test_wrong_options(make, error, message):
    with pytest.raises(error, match=message):
        make()
