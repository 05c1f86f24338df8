"""Regression metrics that keep sums."""

import numpy as np
from scipy.special import rel_entr
from sklearn import metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
PAIR = {"target": rng.normal(size=16), "preds": rng.normal(size=16)}
OUTPUTS = {"target": rng.normal(size=(16, 3)), "preds": rng.normal(size=(16, 3))}
POSITIVE = {"target": rng.gamma(2, size=16), "preds": rng.gamma(2, size=16)}
ROWS = {"target": rng.dirichlet(np.ones(5), 16), "preds": rng.dirichlet(np.ones(5), 16)}
ENSEMBLE = {"target": rng.normal(size=16), "preds": rng.normal(size=(16, 7))}
WRONG_SHAPE = ({"preds": np.zeros(15)}, ValueError, "must have the same shape")
WRONG_OUTPUTS = (
    {"target": np.zeros((16, 2)), "preds": np.zeros((16, 2))},
    ValueError,
    "do not have num_outputs=3 along the last axis",
)
NOT_ONE_OUTPUT = (
    {"target": np.zeros((16, 2)), "preds": np.zeros((16, 2))},
    ValueError,
    "target and preds must be [batch]",
)


def rows(values):
    """A reference: the mean of a function of each row."""

    def reference(target, preds, sample_weight=None):
        return np.average(values(target, preds), axis=0, weights=sample_weight)

    return reference


def by_sklearn(score, **options):
    def reference(target, preds, sample_weight=None):
        return score(target, preds, sample_weight=sample_weight, **options)

    return reference


def symmetric(target, preds):
    return 2 * np.abs(target - preds) / (np.abs(target) + np.abs(preds))


def weighted_percentage(target, preds, sample_weight=1.0):
    return (np.abs(target - preds) * sample_weight).sum() / (np.abs(target) * sample_weight).sum()


def moments(target, preds, sample_weight=None):
    return np.cov(target, preds, aweights=sample_weight, ddof=0)


def correlation(target, preds, sample_weight=None):
    (a, c), (_, b) = moments(target, preds, sample_weight)
    return c / np.sqrt(a * b)


def concordance(target, preds, sample_weight=None):
    (a, c), (_, b) = moments(target, preds, sample_weight)
    difference = np.average(target - preds, weights=sample_weight)
    return 2 * c / (a + b + difference**2)


def relative(target, preds, sample_weight=None):
    return 1 - sk.r2_score(target, preds, sample_weight=sample_weight)


def normalized(target, preds, sample_weight=None):
    mse = np.average((target - preds) ** 2, axis=0, weights=sample_weight)
    return np.sqrt(mse) / (target.max(0) - target.min(0))


def minkowski(target, preds, sample_weight=1.0):
    return (np.abs(target - preds) ** 3 * sample_weight).sum() ** (1 / 3)


def cosine(target, preds):
    return (
        (target * preds).sum(-1) / np.linalg.norm(target, axis=-1) / np.linalg.norm(preds, axis=-1)
    )


def jensen_shannon(target, preds):
    middle = (target + preds) / 2
    return (rel_entr(target, middle) + rel_entr(preds, middle)).sum(-1) / 2


def ranked_probability(target, preds):
    pairs = np.abs(preds[:, :, None] - preds[:, None, :]).mean((1, 2))
    return np.abs(preds - target[:, None]).mean(-1) - pairs / 2


def critical_success(target, preds, sample_weight=None):
    return sk.jaccard_score(target >= 0.3, preds >= 0.3, sample_weight=sample_weight)


SIBLINGS = {jm.Poisson}
CASES = [
    {
        "metric": jm.MeanSquaredError(),
        "arguments": PAIR,
        "reference": by_sklearn(sk.mean_squared_error),
        "bad": [WRONG_SHAPE],
    },
    {
        "metric": jm.RootMeanSquaredError(num_outputs=3),
        "arguments": OUTPUTS,
        "reference": by_sklearn(sk.root_mean_squared_error, multioutput="raw_values"),
        "bad": [WRONG_OUTPUTS],
    },
    {
        "metric": jm.MeanAbsoluteError(),
        "arguments": OUTPUTS,
        "reference": by_sklearn(sk.mean_absolute_error),
    },
    {
        "metric": jm.MeanAbsolutePercentageError(num_outputs=3),
        "arguments": OUTPUTS,
        "reference": by_sklearn(sk.mean_absolute_percentage_error, multioutput="raw_values"),
    },
    {
        "metric": jm.SymmetricMeanAbsolutePercentageError(),
        "arguments": PAIR,
        "reference": rows(symmetric),
    },
    {
        "metric": jm.WeightedMeanAbsolutePercentageError(),
        "arguments": PAIR,
        "reference": weighted_percentage,
        "bad": [WRONG_SHAPE],
    },
    {
        "metric": jm.MeanSquaredLogarithmicError(),
        "arguments": POSITIVE,
        "reference": by_sklearn(sk.mean_squared_log_error),
        "bad": [({"preds": np.full(16, -1.0)}, ValueError, "must be greater than -1")],
    },
    {
        "metric": jm.RootMeanSquaredLogarithmicError(),
        "arguments": POSITIVE,
        "reference": by_sklearn(sk.root_mean_squared_log_error),
        "bad": [({"preds": np.full(16, -1.0)}, ValueError, "must be greater than -1")],
    },
    {
        "metric": jm.LogCoshError(),
        "arguments": PAIR,
        "reference": rows(lambda target, preds: np.log(np.cosh(preds - target))),
    },
    {
        "metric": jm.MeanPinballLoss(alpha=0.8),
        "arguments": PAIR,
        "reference": by_sklearn(sk.mean_pinball_loss, alpha=0.8),
    },
    {
        "metric": jm.TweedieDevianceScore(power=1.5),
        "arguments": POSITIVE,
        "reference": by_sklearn(sk.mean_tweedie_deviance, power=1.5),
        "bad": [
            ({"preds": np.zeros(16)}, ValueError, "preds must be greater than 0 with power=1.5"),
            ({"target": np.full(16, -1)}, ValueError, "target must be 0 or more with power=1.5"),
        ],
    },
    {
        "metric": jm.TweedieDevianceScore(power=2),
        "arguments": POSITIVE,
        "reference": by_sklearn(sk.mean_gamma_deviance),
        "bad": [({"target": np.zeros(16)}, ValueError, "target must be greater than 0 with")],
    },
    {
        "metric": jm.R2Score(),
        "arguments": PAIR,
        "reference": by_sklearn(sk.r2_score),
        "bad": [WRONG_SHAPE, NOT_ONE_OUTPUT],
    },
    {
        "metric": jm.R2Score(num_outputs=3, multioutput="variance_weighted"),
        "arguments": {**OUTPUTS, "target": OUTPUTS["target"] + 1e4},
        "rtol": 1e-4,
    },
    {
        "metric": jm.ExplainedVariance(num_outputs=3),
        "arguments": OUTPUTS,
        "reference": by_sklearn(sk.explained_variance_score),
        "bad": [WRONG_OUTPUTS],
    },
    {"metric": jm.RelativeSquaredError(), "arguments": PAIR, "reference": relative},
    {
        "metric": jm.NormalizedRootMeanSquaredError(normalization="range", num_outputs=3),
        "arguments": OUTPUTS,
        "reference": normalized,
        "bad": [WRONG_OUTPUTS],
    },
    {"metric": jm.PearsonCorrCoef(), "arguments": PAIR, "reference": correlation},
    {"metric": jm.ConcordanceCorrCoef(), "arguments": PAIR, "reference": concordance},
    {
        "metric": jm.MinkowskiDistance(p=3),
        "arguments": OUTPUTS,
        "reference": lambda target, preds: minkowski(target, preds),
    },
    {
        "metric": jm.MaxError(num_outputs=3),
        "arguments": OUTPUTS,
        "reference": lambda target, preds: np.abs(target - preds).max(0),
        "bad": [WRONG_OUTPUTS],
    },
    {"metric": jm.CosineSimilarity(), "arguments": OUTPUTS, "reference": rows(cosine)},
    {
        "metric": jm.KLDivergence(),
        "arguments": ROWS,
        "reference": rows(lambda target, preds: rel_entr(target, preds).sum(-1)),
        "bad": [
            ({"preds": -ROWS["preds"]}, ValueError, "target and preds must hold probabilities")
        ],
    },
    {
        "metric": jm.JensenShannonDivergence(reduction="sum"),
        "arguments": ROWS,
        "reference": lambda target, preds: jensen_shannon(target, preds).sum(),
    },
    {
        "metric": jm.JensenShannonDivergence(reduction="none", capacity=64),
        "arguments": ROWS,
        "repetition": False,
        "normalize": lambda value: np.sort(value)[: np.isfinite(value).sum()],
    },
    {
        "metric": jm.Poisson(),
        "arguments": {**POSITIVE, "target": POSITIVE["target"].round()},
        "reference": rows(lambda target, preds: preds - target * np.log(preds)),
        "bad": [({"preds": np.full(16, -1.0)}, ValueError, "preds, which are rates")],
    },
    {
        "metric": jm.ContinuousRankedProbabilityScore(),
        "arguments": ENSEMBLE,
        "reference": rows(ranked_probability),
        "bad": [({"preds": np.zeros(16)}, ValueError, "preds must be [16, 'members'] for targets")],
    },
    {
        "metric": jm.CriticalSuccessIndex(threshold=0.3),
        "arguments": PAIR,
        "reference": critical_success,
    },
]
