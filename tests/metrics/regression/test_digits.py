"""Deviances and pairs whose terms nearly cancel, against exact arithmetic and scipy."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import stats

from jax_metrics import metrics as jm


def deviance(target, preds, power):
    """The Tweedie deviance of two float32, with 50 digits."""
    y, u, p = Decimal(float(target)), Decimal(float(preds)), Decimal(power)
    with localcontext() as context:
        context.prec = 50
        if p == 1:
            return 2 * ((y * (y / u).ln() if y else 0) - y + u)
        if p == 2:
            return 2 * ((u / y).ln() + y / u - 1)
        first = y ** (2 - p) if y else Decimal(0)
        middle = y * u ** (1 - p) / (1 - p)
        return 2 * (first / ((1 - p) * (2 - p)) - middle + u ** (2 - p) / (2 - p))


TARGETS = np.float32([0, 1e-9, 0.3, 0.9, 1.1, 5, 1e5])
PREDS = np.float32([1e-9, 0.3, 1, 1.2, 5, 1e6, 1e7])
POWERS = [-3, -1, -0.01, 1, 1.0001, 1.01, 1.3, 1.5, 1.7, 1.99, 2, 2.01, 2.5, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("power", POWERS)
def test_tweedie_deviances_of_all_sizes(power):
    targets = TARGETS if power < 2 else TARGETS[1:]
    target, preds = (x.ravel() for x in np.meshgrid(targets, PREDS))
    exact = [float(deviance(y, u, power)) for y, u in zip(target, preds, strict=True)]
    metric = jm.TweedieDevianceScore(power=power, num_outputs=target.size)
    actual = metric(target=target[None], preds=preds[None])
    normal = (np.abs(exact) > 1e-36) & (np.abs(exact) < 1e38)
    assert normal.sum() > 30
    np.testing.assert_allclose(np.asarray(actual)[normal], np.array(exact)[normal], rtol=2e-6)


@pytest.mark.parametrize("levels", [2, 3, 50, 10**6])
@pytest.mark.parametrize("variant", ["b", "c"])
def test_rank_correlation_of_many_ties(levels, variant):
    rng = np.random.default_rng(levels)
    target = rng.integers(0, levels, 4000)
    preds = np.where(rng.random(4000) < 0.3, target, rng.integers(0, levels, 4000))
    expected = stats.kendalltau(target, preds, variant=variant).statistic
    actual = jm.kendall_rank_corrcoef(target, preds, variant=variant)
    np.testing.assert_allclose(actual, expected, atol=1e-6)
