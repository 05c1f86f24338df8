"""Metrics of nominal variables against those of TorchMetrics."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N = 80
TARGET = rng.integers(0, 4, N)
PREDS = np.where(rng.random(N) < 0.4, TARGET, rng.integers(0, 3, N))
MISSING = np.where(rng.random(N) < 0.1, np.nan, TARGET)
CORRECTED = ["cramers_v", "tschuprows_t"]
ALL = [*CORRECTED, "pearsons_contingency_coefficient", "theils_u"]
GRID = [
    *((name, {"bias_correction": one}) for name in CORRECTED for one in (False, True)),
    *((name, {}) for name in ALL[2:]),
]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def peer(torch):
    return pytest.importorskip("torchmetrics.functional.nominal")


def assert_close(found, expected, rtol=1e-5):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("strategy", ["replace", "drop"])
@pytest.mark.parametrize(("name", "options"), GRID)
def test_two_variables(torch, peer, name, options, strategy):
    options = {**options, "nan_strategy": strategy}
    for target in (TARGET.astype(float), MISSING):
        given = torch.tensor(PREDS).float(), torch.tensor(target).float()
        expected = getattr(peer, name)(*(_integers(torch, *given, strategy)), **options)
        assert_close(getattr(jm, name)(target, PREDS, **options), expected)


def _integers(torch, preds, target, strategy):
    """TorchMetrics itself fails on floats, which it converts to no integers."""
    if strategy == "replace":
        return preds.long(), target.nan_to_num(0.0).long()
    keep = ~target.isnan()
    return preds[keep].long(), target[keep].long()


@pytest.mark.parametrize(("name", "options"), GRID)
def test_all_pairs(torch, peer, name, options):
    matrix = np.stack([TARGET, PREDS, rng.integers(0, 4, N)], 1)
    expected = getattr(peer, f"{name}_matrix")(torch.tensor(matrix), **options)
    assert_close(getattr(jm, f"{name}_matrix")(matrix, **options), expected)


def test_ratings(torch, peer):
    ratings = rng.multinomial(7, [0.1, 0.6, 0.3], 40)
    expected = peer.fleiss_kappa(torch.tensor(ratings))
    # TorchMetrics adds 1e-5 to the divisor.
    assert_close(jm.fleiss_kappa(ratings), expected, rtol=1e-4)
    try:
        from statsmodels.stats.inter_rater import fleiss_kappa
    except ImportError:
        return
    assert_close(jm.fleiss_kappa(ratings), fleiss_kappa(ratings))
