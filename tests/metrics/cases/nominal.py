"""Metrics of nominal variables."""

import numpy as np
from scipy.stats.contingency import association

from jax_metrics.metrics import (
    CramersV,
    FleissKappa,
    PearsonsContingencyCoefficient,
    TheilsU,
    TschuprowsT,
)

rng = np.random.default_rng(0)
TARGET = np.arange(32) % 3
PREDS = np.where(rng.random(32) < 0.6, TARGET, rng.integers(0, 3, 32))
VARIABLES = {"target": TARGET, "preds": PREDS}
RATINGS = {"ratings": rng.multinomial(5, [0.2, 0.5, 0.3], 32)}
BAD = [
    ({"target": np.full(32, 4)}, ValueError, "target has labels outside of 0 to 3"),
    ({"preds": np.full(32, 0.5)}, ValueError, "preds must hold whole numbers"),
    ({"preds": np.zeros((32, 3))}, ValueError, "preds must be categories, [examples]"),
    ({"preds": np.zeros(31, int)}, ValueError, "must have the same shape"),
]
BAD_RATINGS = [
    ({"ratings": np.full((32, 3), -1)}, ValueError, "ratings must not be negative"),
    ({"ratings": np.arange(96).reshape(32, 3)}, ValueError, "as many raters for each subject"),
    ({"ratings": np.ones((32, 2), int)}, ValueError, "ratings must be [subjects, categories]"),
    ({"ratings": np.ones((32, 3))}, TypeError, "ratings must hold counts, integers"),
]


def counts(target, preds, sample_weight=1.0):
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (target, preds), sample_weight)
    return matrix


def measured(method):
    return lambda target, preds: association(counts(target, preds).astype(int), method=method)


def corrected_v(target, preds, sample_weight=1.0):
    matrix = counts(target, preds, sample_weight)
    total = matrix.sum()
    expected = matrix.sum(1)[:, None] * matrix.sum(0) / total
    phi = ((matrix - expected) ** 2 / expected).sum() / total
    phi = max(0, phi - 4 / (total - 1))
    return np.sqrt(phi / (2 - 4 / (total - 1)))


def uncertainty(target, preds, sample_weight=1.0):
    matrix = counts(target, preds, sample_weight)
    joint = matrix / matrix.sum()
    rows, columns = joint.sum(1), joint.sum(0)
    entropy = -(columns * np.log(columns)).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        conditional = -np.nansum(joint * np.log(joint / rows[:, None]))
    return (entropy - conditional) / entropy


def kappa(ratings, sample_weight=None):
    raters = ratings[0].sum()
    agreeing = (ratings * (ratings - 1)).sum(1) / (raters * (raters - 1))
    expected = (np.average(ratings / raters, weights=sample_weight, axis=0) ** 2).sum()
    return (np.average(agreeing, weights=sample_weight) - expected) / (1 - expected)


def case(metric, arguments, reference, bad=()):
    return {"metric": metric, "arguments": arguments, "reference": reference, "bad": bad}


CASES = [
    case(CramersV(num_classes=4), VARIABLES, corrected_v, BAD),
    case(TschuprowsT(num_classes=4, bias_correction=False), VARIABLES, measured("tschuprow")),
    case(PearsonsContingencyCoefficient(num_classes=4), VARIABLES, measured("pearson")),
    case(TheilsU(num_classes=4), VARIABLES, uncertainty),
    case(FleissKappa(num_categories=3), RATINGS, kappa, BAD_RATINGS),
]
# They share the contingency matrix of `CramersV`, or have sums.
SIBLINGS = {FleissKappa, PearsonsContingencyCoefficient, TheilsU, TschuprowsT}
