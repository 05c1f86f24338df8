"""Matthews' coefficient against scikit-learn, and in edge cases."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
N, C, L = 60, 6, 4
TARGET, PREDS = rng.integers(0, 4, N), rng.choice([0, 1, 2, 4], N)
BITS, PREDICTED = rng.integers(0, 2, (N, L)), rng.integers(0, 2, (N, L))
WEIGHT = rng.uniform(0.5, 2, N)


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_matthews_corrcoef(weight):
    actual = jm.matthews_corrcoef(TARGET, PREDS, num_classes=C, sample_weight=weight)
    assert_close(actual, sk.matthews_corrcoef(TARGET, PREDS, sample_weight=weight))
    actual = jm.matthews_corrcoef(BITS, PREDICTED, num_labels=L, sample_weight=weight)
    each = None if weight is None else weight.repeat(L)
    assert_close(actual, sk.matthews_corrcoef(BITS.ravel(), PREDICTED.ravel(), sample_weight=each))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"num_classes": 2}, {"num_classes": 3}])
def test_matthews_corrcoef_of_constants(options):
    ones, some = np.ones(N, int), np.arange(N) % 2
    for target, preds in ((ones, ones), (ones, some), (some, ones), (ones, 0 * ones)):
        for weight in (None, WEIGHT):
            assert_close(jm.matthews_corrcoef(target, preds, sample_weight=weight, **options), 0)
    assert_close(jm.MatthewsCorrCoef(**options).compute(), 0)


@pytest.mark.parametrize("options", [{}, {"num_classes": 2}])
def test_matthews_corrcoef_of_rare_classes(options):
    metric = jm.MatthewsCorrCoef(**options)
    tp, fp, fn, tn = 61, 23, 41, 2_000_000_000  # products above what a float32 holds exactly
    outcomes = jnp.array([(tn, tp), (fn, fp), (fp, fn), (tp, tn)], jnp.int32)
    metric.outcomes += outcomes if options else outcomes[:, 1]
    exact = (tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    np.testing.assert_allclose(metric.compute(), exact, rtol=1e-6)
