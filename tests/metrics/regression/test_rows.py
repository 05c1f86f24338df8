"""Metrics that keep rows, against SciPy and scikit-learn: ties, weights, masks, overflow."""

import inspect
import warnings
from functools import partial

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from jax_metrics import metrics as jm
from jax_metrics.metrics.regression._from_rows import FromRows
from jax_metrics.metrics.regression._ranks import inversions

rng = np.random.default_rng(3)


def tau(variant):
    def statistic(target, preds):
        return stats.kendalltau(target, preds, variant=variant).statistic

    return statistic


def tau_a(target, preds):
    n = len(target)
    signs = np.sign(target[:, None] - target) * np.sign(preds[:, None] - preds)
    return signs.sum() / (n * (n - 1)) if n > 1 else np.nan


def rho(target, preds):
    return stats.spearmanr(target, preds).statistic


STATISTICS = [
    (jm.spearman_corrcoef, {}, rho),
    (jm.kendall_rank_corrcoef, {"variant": "a"}, tau_a),
    (jm.kendall_rank_corrcoef, {"variant": "b"}, tau("b")),
    (jm.kendall_rank_corrcoef, {"variant": "c"}, tau("c")),
    (jm.median_absolute_error, {}, sk.median_absolute_error),
]


def expected(statistic, target, preds):
    if len(target) == 0 or (len(target) == 1 and statistic is not sk.median_absolute_error):
        return np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of constants
        return statistic(target, preds)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3, 33, 500])
@pytest.mark.parametrize("values", [2, 5, 1000])
@pytest.mark.parametrize(("metric", "options", "statistic"), STATISTICS)
def test_statistic(metric, options, statistic, values, size):
    target = np.float64(rng.integers(0, values, size))
    preds = target + rng.integers(-values, values + 1, size)
    actual = metric(target, preds, **options)
    np.testing.assert_allclose(actual, expected(statistic, target, preds), rtol=1e-5, atol=1e-6)
    weight, mask = rng.integers(0, 4, size), rng.random(size) < 0.7
    repeated = (np.repeat(x, weight * mask) for x in (target, preds))
    given = np.where(mask, target, np.nan)
    actual = metric(given, preds, sample_weight=weight, mask=mask, **options)
    np.testing.assert_allclose(actual, expected(statistic, *repeated), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "options", "statistic"), STATISTICS)
def test_no_ties_an_offset_and_infinity(metric, options, statistic):
    target = np.float32(rng.normal(size=100) + 1e6)
    preds = np.float32(target + rng.normal(size=100))
    actual = metric(target, preds, **options)
    np.testing.assert_allclose(actual, statistic(np.float64(target), np.float64(preds)), rtol=1e-5)
    if metric is not jm.median_absolute_error:
        largest = np.where(target == target.max(), np.inf, target)
        np.testing.assert_allclose(metric(largest, preds, **options), actual, rtol=1e-6)
        assert np.isnan(metric(np.where(target == target.max(), np.nan, target), preds, **options))


@pytest.mark.slow
def test_fractional_weights():
    target, preds = rng.integers(0, 6, (2, 50)).astype(float)
    weight = rng.uniform(0, 2, 50)
    a, b = (
        [weight[x < value].sum() + weight[x == value].sum() / 2 for value in x]
        for x in (target, preds)
    )
    cov = np.cov(a, b, aweights=weight)
    actual = jm.spearman_corrcoef(target, preds, sample_weight=weight)
    np.testing.assert_allclose(actual, cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]), rtol=1e-5)
    pairs = weight[:, None] * weight
    s, t = (np.sign(x[:, None] - x) for x in (target, preds))
    tau_b = (pairs * s * t).sum() / np.sqrt((pairs * s * s).sum() * (pairs * t * t).sum())
    actual = jm.kendall_rank_corrcoef(target, preds, sample_weight=weight)
    np.testing.assert_allclose(actual, tau_b, rtol=1e-5)
    actual = jm.median_absolute_error(np.array([1.0, 2, 3]), np.zeros(3), sample_weight=[1, 1, 5])
    assert actual == 3


@pytest.mark.parametrize("weight", [1 / 3, 0.1, 0.7, 1.0, 1e20])
def test_equal_weights_of_any_size_leave_the_median_in_the_middle(weight):
    for size in (8, 200):
        errors, zeros = np.arange(1.0, 201), np.zeros(200)
        options = {"sample_weight": np.full(200, weight), "mask": np.arange(200) < size}
        assert jm.median_absolute_error(errors, zeros, **options) == (size + 1) / 2
        for score in (jm.d2_absolute_error_score, partial(jm.d2_pinball_score, alpha=0.25)):
            expected = score(errors, zeros, mask=options["mask"])
            np.testing.assert_allclose(score(errors, zeros, **options), expected, rtol=1e-6)


@pytest.mark.parametrize("scale", [1 / 19, 0.1, 3.0])
def test_the_median_of_multiples_of_a_weight(scale):
    errors, weight = np.arange(7.0), np.array([2, 1, 3, 4, 0, 4, 6])
    median = partial(jm.median_absolute_error, errors, np.zeros(7))
    assert median(sample_weight=weight * scale) == 4  # 10 below, 10 above: between 3 and 5
    assert median(sample_weight=weight * np.array([1, 1, 1.01, 1, 1, 1, 1]) * scale) == 3


def by_scipy(statistic, **options):
    def reference(target, preds, alternative="two-sided"):
        return statistic(target, preds, alternative=alternative, **options)

    return reference


TESTS = [
    (jm.spearman_corrcoef, {}, by_scipy(stats.spearmanr)),
    (jm.kendall_rank_corrcoef, {}, by_scipy(stats.kendalltau, method="asymptotic")),
    (
        jm.kendall_rank_corrcoef,
        {"variant": "c"},
        by_scipy(stats.kendalltau, method="asymptotic", variant="c"),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "options", "reference"), TESTS)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_p_values(metric, options, reference, alternative):
    options = {"p_value": True, "alternative": alternative, **options}
    for values in (3, 1000):
        target = np.float64(rng.integers(0, values, 40))
        preds = target * rng.choice([-1, 1]) + rng.integers(-2 * values, 2 * values, 40)
        actual = metric(target, preds, **options)
        expected = reference(target, preds, alternative)
        np.testing.assert_allclose(actual.statistic, expected.statistic, rtol=1e-5)
        np.testing.assert_allclose(actual.p_value, expected.pvalue, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("metric", [jm.spearman_corrcoef, jm.kendall_rank_corrcoef])
def test_p_values_at_the_ends(metric):
    target, mask = np.arange(40.0), np.arange(40) < 12
    actual = metric(target, -target, mask=mask, p_value=True, alternative="less")
    np.testing.assert_allclose(actual.statistic, -1, rtol=1e-6)
    assert 0 <= actual.p_value < 1e-5
    assert np.isnan(metric(target, 0 * target, p_value=True).p_value)
    weighted = metric(target, target % 7, sample_weight=np.full(40, 2.0), p_value=True)
    repeated = metric(*(np.repeat(x, 2) for x in (target, target % 7)), p_value=True)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_inversions(size):
    numbers, weight = rng.integers(0, size, size), rng.integers(0, 5, size).astype(np.float32)
    later = np.triu(np.ones((size, size)), 1)
    pairs = later * (numbers[:, None] > numbers) * weight[:, None] * weight
    assert inversions(jax.numpy.asarray(numbers), jax.numpy.asarray(weight)) == pairs.sum()


@pytest.mark.slow
@pytest.mark.parametrize("metric", [jm.SpearmanCorrCoef, jm.MedianAbsoluteError])
def test_overflow_is_not_silent(metric):
    target, preds = rng.normal(size=(2, 8))
    instance = metric(capacity=8).update(target=target, preds=preds)
    value = instance.compute()
    assert np.isfinite(value)
    assert not instance.overflowed
    instance.update(target=target, preds=preds, mask=np.zeros(8, bool))
    assert instance.compute() == value
    instance.update(target=target[:1], preds=preds[:1])
    assert instance.overflowed
    assert np.isnan(instance.compute())
    halves = [metric(capacity=8).update(target=target[:5], preds=preds[:5]) for _ in range(2)]
    assert np.isnan(halves[0].merge_state(halves[1]).compute())
    assert not instance.reset().overflowed


@pytest.mark.slow
def test_functions_take_the_size_of_the_batch():
    target, preds = rng.normal(size=(2, 12, 2))
    whole = jm.spearman_corrcoef(target.ravel(), preds.ravel())
    roomy = jm.spearman_corrcoef(target.ravel(), preds.ravel(), capacity=100)
    np.testing.assert_allclose(roomy, whole, rtol=1e-6)
    assert np.isnan(jm.spearman_corrcoef(target.ravel(), preds.ravel(), capacity=23))
    actual = jm.spearman_corrcoef(target, preds, num_outputs=2)
    np.testing.assert_allclose(
        actual, [rho(t, p) for t, p in zip(target.T, preds.T, strict=True)], 1e-5
    )
    assert np.isnan(jm.median_absolute_error(np.zeros(0), np.zeros(0)))
    parameters = inspect.signature(jm.spearman_corrcoef).parameters
    assert parameters["capacity"].default is None
    assert jm.spearman_corrcoef.__name__ == "spearman_corrcoef"


EXPLAINED = [
    (jm.d2_absolute_error_score, {}, sk.d2_absolute_error_score),
    *((jm.d2_pinball_score, {"alpha": a}, sk.d2_pinball_score) for a in (0.1, 0.5, 0.9)),
    *((jm.d2_tweedie_score, {"power": p}, sk.d2_tweedie_score) for p in (-1, 0, 1, 1.5, 2, 3)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "options", "reference"), EXPLAINED)
def test_explained_fraction(metric, options, reference):
    target = rng.gamma(2, size=40).round(1) + 0.1
    preds = target * rng.uniform(0.5, 2, 40)
    # One minus a fraction that may be close to one.
    np.testing.assert_allclose(
        metric(target, preds, **options), reference(target, preds, **options), 1e-5, atol=1e-6
    )
    weight, mask = rng.uniform(0.1, 2, 40), rng.random(40) < 0.6
    actual = metric(
        np.where(mask, target, np.nan), preds, sample_weight=weight, mask=mask, **options
    )
    selected = (target[mask], preds[mask])
    expected = reference(*selected, sample_weight=weight[mask], **options)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    same = np.full(40, 1e6 / 3)
    assert metric(same, same, **options) == 1
    assert metric(same, same + 1, **options) == 0
    assert np.isnan(metric(target, preds, mask=np.zeros(40, bool), **options))


def test_explained_fraction_under_an_offset():
    target = np.float32(rng.normal(size=100) + 1e6)
    preds = np.float32(target + rng.normal(size=100))
    expected = sk.r2_score(np.float64(target), np.float64(preds))
    np.testing.assert_allclose(jm.d2_tweedie_score(target, preds), expected, rtol=1e-5)


def test_a_metric_of_rows_defines_its_score():
    class Nothing(FromRows):
        pass

    with pytest.raises(TypeError, match="Nothing must define `score`"):
        Nothing(capacity=2).compute()
