"""Scores of moments against scikit-learn and formulas in float64, also with offsets."""

import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(2)
OFFSETS = [0, pytest.param(1e4, marks=pytest.mark.slow), 1e6]
WEIGHT = rng.uniform(0, 2, 64)
MASK = rng.random(64) < 0.6


def examples(offset, shape=(64,)):
    """Float32 numbers as float64, with predictions close to the targets."""
    target = rng.normal(size=shape) + offset
    preds = target + 0.5 * rng.normal(size=shape) + 0.1
    return np.float64(np.float32(target)), np.float64(np.float32(preds))


def updated(metric, target, preds, sample_weight=None, mask=None):
    """Updates in three batches of different sizes, since merging could lose precision."""
    optional = {"sample_weight": sample_weight, "mask": mask}
    for part in (slice(0, 12), slice(12, 24), slice(24, 64)):
        given = {n: v[part] for n, v in optional.items() if v is not None}
        metric.update(target=target[part], preds=preds[part], **given)
    return metric.compute()


def assert_close(actual, expected, rtol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("multioutput", ["raw_values", "uniform_average", "variance_weighted"])
@pytest.mark.parametrize(
    ("metric", "reference"),
    [(jm.R2Score, sk.r2_score), (jm.ExplainedVariance, sk.explained_variance_score)],
)
def test_explained(metric, reference, multioutput, offset):
    target, preds = examples(offset, (64, 3))
    target[:, 1] = offset
    if metric is jm.ExplainedVariance:
        preds[:, 2] = target[:, 2] + 0.5
    instance = metric(num_outputs=3, multioutput=multioutput)
    # For weighted targets that are all 1e6, scikit-learn gives -8e18.
    centred = target - offset, preds - offset
    expected = reference(*centred, multioutput=multioutput, sample_weight=WEIGHT)
    assert_close(updated(instance, target, preds, WEIGHT), expected)
    instance = metric(num_outputs=3, multioutput=multioutput)
    expected = reference(*(x[MASK] for x in centred), multioutput=multioutput)
    assert_close(
        updated(instance, np.where(MASK[:, None], target, np.nan), preds, mask=MASK), expected
    )


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
def test_adjusted(offset):
    target, preds = examples(offset)
    expected = 1 - (1 - sk.r2_score(target, preds)) * 63 / 58
    assert_close(updated(jm.R2Score(adjusted=5), target, preds), expected)
    assert np.isnan(jm.r2_score(target[:6], preds[:6], adjusted=5))
    assert np.isfinite(jm.r2_score(target[:7], preds[:7], adjusted=5))


@pytest.mark.slow
@pytest.mark.parametrize("metric", [jm.r2_score, jm.explained_variance])
def test_targets_that_are_all_the_same(metric):
    target = np.full(1000, 1e6 / 3)
    noise = rng.normal(size=1000)
    assert metric(target, target) == 1
    assert metric(target, target + noise) == 0
    both = np.stack([target, target], -1)
    preds = np.stack([target, target + noise], -1)
    assert metric(both, preds, num_outputs=2, multioutput="variance_weighted") == 0.5
    assert np.isnan(metric(target, target, mask=np.zeros(1000, bool)))
    assert metric(target[:1], target[:1]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("multioutput", ["uniform_average", "variance_weighted"])
def test_nan_in_one_output_is_not_lost(multioutput):
    target, preds = examples(0, (64, 2))
    preds[3, 1] = np.nan
    assert np.isnan(jm.r2_score(target, preds, num_outputs=2, multioutput=multioutput))
    raw = jm.r2_score(target, preds, num_outputs=2, multioutput="raw_values")
    assert np.isnan(raw).tolist() == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("squared", [True, False])
def test_relative_squared_error(squared, offset):
    target, preds = examples(offset)
    expected = 1 - sk.r2_score(target, preds, sample_weight=WEIGHT)
    actual = updated(jm.RelativeSquaredError(squared=squared), target, preds, WEIGHT)
    assert_close(actual, expected if squared else np.sqrt(expected))
    assert jm.relative_squared_error(np.full(3, 0.1), np.zeros(3)) == np.inf
    assert np.isnan(jm.RelativeSquaredError().compute())


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.5, 1e4, 1e6])
@pytest.mark.parametrize("normalization", ["mean", "range", "std", "l2"])
def test_normalized_error(normalization, offset):
    target, preds = examples(offset, (64, 2))
    weight = WEIGHT * MASK
    mean, square = (np.average(x, axis=0, weights=weight) for x in (target, (target - preds) ** 2))
    size = {
        "mean": mean,
        "range": np.ptp(target[MASK], axis=0),
        "std": np.sqrt(np.average((target - mean) ** 2, axis=0, weights=weight)),
        "l2": np.sqrt((target**2 * weight[:, None]).sum(0)),
    }[normalization]
    instance = jm.NormalizedRootMeanSquaredError(num_outputs=2, normalization=normalization)
    given = np.where(MASK[:, None], target, np.nan)
    assert_close(updated(instance, given, preds, WEIGHT, MASK), np.sqrt(square) / size)
    assert np.isnan(instance.reset().compute()).all()


def correlation(target, preds, weight):
    a, b = target - np.average(target, weights=weight), preds - np.average(preds, weights=weight)
    spread = np.sqrt((weight * a**2).sum() * (weight * b**2).sum())
    return (weight * a * b).sum() / spread


def concordance(target, preds, weight):
    a, b = target - np.average(target, weights=weight), preds - np.average(preds, weights=weight)
    difference = np.average(target - preds, weights=weight)
    spread = np.average(a**2 + b**2, weights=weight) + difference**2
    return 2 * np.average(a * b, weights=weight) / spread


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    ("metric", "reference"),
    [(jm.PearsonCorrCoef, correlation), (jm.ConcordanceCorrCoef, concordance)],
)
def test_correlation(metric, reference, offset):
    target, preds = examples(offset)
    assert_close(updated(metric(), target, preds), reference(target, preds, np.ones(64)))
    weight = WEIGHT * MASK
    given = np.where(MASK, target, np.nan)
    actual = updated(metric(), given, preds, WEIGHT, MASK)
    assert_close(actual, reference(target, preds, weight))
    target, preds = examples(offset, (4, 16, 2))
    actual = metric(num_outputs=2)(target=target, preds=preds)
    for index in range(2):
        columns = (x[..., index].ravel() for x in (target, preds))
        assert_close(actual[index], reference(*columns, np.ones(64)))


@pytest.mark.slow
def test_correlation_of_constants():
    target, preds = np.full(1000, 1e6 / 3), rng.normal(size=1000)
    for one in ((target, preds), (preds, target), (target, target)):
        assert np.isnan(jm.pearson_corrcoef(*one))
    assert jm.concordance_corrcoef(target, preds) == 0
    assert np.isnan(jm.concordance_corrcoef(target, target))
    assert np.isnan(jm.PearsonCorrCoef().compute())
    assert np.isnan(jm.ConcordanceCorrCoef().compute())


def test_one_step_of_the_last_bit_is_no_constant():
    target = np.full(1000, 1e6, np.float32)
    target[7] = np.nextafter(target[7], np.float32(2e6))
    np.testing.assert_allclose(jm.pearson_corrcoef(target, target), 1, rtol=1e-5)
    np.testing.assert_allclose(jm.pearson_corrcoef(target, -target), -1, rtol=1e-5)


def test_correlation_does_not_overflow():
    target, preds = examples(0)
    for scale in (1e-15, 1e15):
        actual = jm.pearson_corrcoef(scale * target, scale * preds)
        assert_close(actual, correlation(target, preds, np.ones(64)))
