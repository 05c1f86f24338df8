"""The exact p-values of Kendall's tau are those of SciPy."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
TARGET = np.float32(rng.normal(size=34))
NOISY = np.float32(TARGET + 0.3 * rng.normal(size=34))
PREDS = {
    "noisy": NOISY,
    "random": np.float32(rng.normal(size=34)),
    "equal": TARGET,
    "opposed": -TARGET,
    "one swapped": np.where(
        np.argsort(np.argsort(TARGET)) == 3, np.sort(TARGET)[4] + 1e-4, TARGET
    ).astype(np.float32),
}


def assert_p_value_of_scipy(target, preds, **options):
    expected = kendalltau(target, preds, **options).pvalue
    found = jm.kendall_rank_corrcoef(target, preds, p_value=True, **options).p_value
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-30)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["auto", "exact"])
def test_few_examples(method):
    assert_p_value_of_scipy(TARGET[:7], PREDS["noisy"][:7], method=method)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["auto", "exact", "asymptotic"])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("size", [3, 12, 33, 34])
@pytest.mark.parametrize("kind", PREDS)
def test_all_methods(kind, size, alternative, method):
    assert_p_value_of_scipy(
        TARGET[:size], PREDS[kind][:size], alternative=alternative, method=method
    )


def test_ties():
    target, preds = np.array([1.0, 2, 2, 4, 5, 6, 7]), NOISY[:7]
    assert_p_value_of_scipy(target, preds)  # falls back
    found = jm.kendall_rank_corrcoef(target, preds, p_value=True, method="exact")
    assert np.isnan(found.p_value)
    assert np.isfinite(found.statistic)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "normal"}, "method must be one of"),
        ({"method": "exact", "p_value": True, "capacity": 3000}, "a capacity of at most 2000"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        jm.KendallRankCorrCoef(**{"capacity": 7, **options})
