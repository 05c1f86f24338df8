"""Metrics of nominal variables over options and edge cases."""

import jax
import numpy as np
import pytest
from scipy.stats import chi2_contingency

import jax_metrics as jm

rng = np.random.default_rng(0)
TARGET = rng.integers(0, 3, 60)
PREDS = np.where(rng.random(60) < 0.5, TARGET, rng.integers(0, 3, 60))


def assert_close(actual, expected, rtol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("strategy", ["replace", "drop"])
def test_missing_categories(strategy):
    missing = np.arange(60) % 7 == 0
    given = np.where(missing, np.nan, TARGET)
    options = {"nan_strategy": strategy, "num_classes": 4, "nan_replace_value": 3.0}
    if strategy == "drop":
        expected = jm.metrics.cramers_v(TARGET, PREDS, mask=~missing, num_classes=4)
    else:
        expected = jm.metrics.cramers_v(np.where(missing, 3, TARGET), PREDS, num_classes=4)
    assert_close(jm.metrics.cramers_v(given, PREDS, **options), expected)


def test_scores_are_categories():
    scores = np.eye(4)[PREDS] + rng.uniform(0, 0.5, (60, 4))
    expected = jm.metrics.theils_u(TARGET, PREDS, num_classes=4)
    assert_close(jm.metrics.theils_u(TARGET, scores), expected)


@pytest.mark.parametrize("counts", [[[10, 5], [3, 12]], [[2, 2], [2, 3]]])
def test_continuity_correction_as_in_scipy(counts):
    target, preds = (np.repeat(x.ravel(), np.ravel(counts)) for x in np.indices((2, 2)))
    total = target.size
    phi = chi2_contingency(counts, correction=True).statistic / total
    expected = max(0, phi - 1 / (total - 1)) / (1 - 1 / (total - 1))
    assert_close(jm.metrics.cramers_v(target, preds), np.sqrt(expected))


def test_variables_that_are_constant():
    constant = 0 * TARGET
    for function, expected in (
        (jm.metrics.cramers_v, np.nan),
        (jm.metrics.tschuprows_t, np.nan),
        (jm.metrics.pearsons_contingency_coefficient, 0),
        (jm.metrics.theils_u, 0),
    ):
        assert_close(function(TARGET, constant, num_classes=4), expected)
    assert_close(jm.metrics.CramersV(num_classes=4)(target=TARGET, preds=TARGET), 1)


@pytest.mark.slow
def test_all_pairs_of_variables():
    variables = np.stack([TARGET, PREDS, rng.integers(0, 4, 60)], 1)
    for function, single in (
        (jm.metrics.theils_u_matrix, jm.metrics.theils_u),
        (jm.metrics.cramers_v_matrix, jm.metrics.cramers_v),
    ):
        values = function(variables)
        assert values.shape == (3, 3)
        for i, j in ((0, 1), (1, 0), (2, 1)):
            expected = single(variables[:, j], variables[:, i], num_classes=4)
            assert_close(values[i, j], expected)
        assert_close(np.diag(values), 1)


RATINGS = rng.multinomial(6, [0.2, 0.5, 0.3], 16)


def test_scores_of_raters():
    chosen = np.stack([np.repeat([0, 1, 2], counts) for counts in RATINGS])
    scores = np.moveaxis(np.eye(3)[chosen], 1, 2)
    expected = jm.metrics.fleiss_kappa(RATINGS)
    assert_close(jm.metrics.fleiss_kappa(scores, mode="probs"), expected)


@pytest.mark.slow
def test_raters_of_several_batches():
    metric = jm.metrics.FleissKappa(num_categories=3)
    assert np.isnan(metric.compute())
    metric.update(ratings=RATINGS[:8]).update(ratings=RATINGS[8:])
    assert_close(metric.compute(), jm.metrics.fleiss_kappa(RATINGS))
    metric.update(ratings=2 * RATINGS)
    assert np.isnan(metric.compute())  # another number of raters
    assert np.isnan(jm.metrics.fleiss_kappa(np.eye(3, dtype=int)[[0, 1, 2]]))  # a single one
    assert np.isnan(jm.metrics.fleiss_kappa(np.array([[4, 0], [4, 0]])))
    assert jm.metrics.fleiss_kappa(np.array([[4, 0], [0, 4]])) == 1


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda m: m.CramersV(num_classes=0), ValueError, "num_classes must be at least 1"),
        (
            lambda m: m.CramersV(num_classes=2, nan_strategy="no"),
            ValueError,
            "nan_strategy must be one of",
        ),
        (lambda m: m.FleissKappa(num_categories=0), ValueError, "num_categories must be at least"),
        (lambda m: m.FleissKappa(num_categories=2, mode="no"), ValueError, "mode must be one of"),
        (lambda m: m.cramers_v_matrix(TARGET), ValueError, r"matrix must be \[examples, variables"),
        (
            lambda m: jax.jit(m.cramers_v)(TARGET, PREDS),
            TypeError,
            "number of categories must be given in traced code, as `num_classes=`",
        ),
        (
            lambda m: m.fleiss_kappa(RATINGS, mode="probs"),
            ValueError,
            r"ratings must be \[subjects, categories, raters\] with mode='probs'",
        ),
    ],
)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=text):
        call(jm.metrics)
