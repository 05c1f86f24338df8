"""Regression metrics that keep all rows."""

import numpy as np
from scipy import stats
from sklearn import metrics as sk

from jax_metrics.metrics import (
    D2AbsoluteErrorScore,
    D2PinballScore,
    D2TweedieScore,
    KendallRankCorrCoef,
    MedianAbsoluteError,
    SpearmanCorrCoef,
)

rng = np.random.default_rng(0)
PAIR = {"target": rng.normal(size=16), "preds": rng.normal(size=16)}
TIES = {"target": rng.integers(0, 4, (16, 2)), "preds": rng.integers(0, 3, (16, 2)) / 2}
POSITIVE = {"target": rng.gamma(2, size=16), "preds": rng.gamma(2, size=16)}
NOT_ONE_OUTPUT = (
    {"target": np.zeros((16, 2)), "preds": np.zeros((16, 2))},
    ValueError,
    "target and preds must be [batch]",
)


def each_output(statistic):
    def reference(target, preds):
        pairs = zip(target.T, preds.T, strict=True)
        return np.array([statistic(t, p).statistic for t, p in pairs])

    return reference


def by_sklearn(score, **options):
    def reference(target, preds, sample_weight=None):
        return score(target, preds, sample_weight=sample_weight, **options)

    return reference


def median(target, preds, sample_weight=None):
    if sample_weight is None:
        return sk.median_absolute_error(target, preds)
    errors = np.abs(target - preds)
    order = np.argsort(errors)
    reached = np.cumsum(sample_weight[order])
    return errors[order][np.searchsorted(reached, reached[-1] / 2)]


CASES = [
    {
        "metric": SpearmanCorrCoef(capacity=64, num_outputs=2),
        "arguments": TIES,
        "reference": each_output(stats.spearmanr),
    },
    {
        "metric": KendallRankCorrCoef(capacity=64, num_outputs=2),
        "arguments": TIES,
        "reference": each_output(stats.kendalltau),
    },
    {
        "metric": MedianAbsoluteError(capacity=64),
        "arguments": PAIR,
        "reference": median,
        "bad": [NOT_ONE_OUTPUT],
    },
    {
        "metric": D2AbsoluteErrorScore(capacity=64),
        "arguments": PAIR,
        "reference": by_sklearn(sk.d2_absolute_error_score),
    },
    {
        "metric": D2PinballScore(alpha=0.3, capacity=64),
        "arguments": PAIR,
        "reference": by_sklearn(sk.d2_pinball_score, alpha=0.3),
    },
    {
        "metric": D2TweedieScore(power=1.5, capacity=64),
        "arguments": POSITIVE,
        "reference": by_sklearn(sk.d2_tweedie_score, power=1.5),
        "bad": [({"preds": np.zeros(16)}, ValueError, "preds must be greater than 0")],
    },
]
