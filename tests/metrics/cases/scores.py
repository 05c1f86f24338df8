"""Metrics of predicted probabilities and of the order of scores."""

import numpy as np
from sklearn.metrics import (
    brier_score_loss,
    coverage_error,
    d2_log_loss_score,
    hinge_loss,
    label_ranking_average_precision_score,
    label_ranking_loss,
    log_loss,
)

from jax_metrics.metrics import (
    BrierScore,
    CalibrationError,
    ClickThroughRate,
    CoverageError,
    D2BrierScore,
    D2LogLossScore,
    HingeLoss,
    LabelRankingAveragePrecision,
    LabelRankingLoss,
    LogLoss,
    NormalizedEntropy,
    WeightedCalibration,
)

rng = np.random.default_rng(0)


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


BITS = rng.integers(0, 2, 32)
BINARY = {"target": BITS, "preds": rng.integers(1, 64, 32) / 64}
SCORES = {"target": BITS, "preds": rng.normal(size=32)}
CLASSES = {"target": np.arange(32) % 3, "preds": softmax(rng.normal(size=(32, 3)))}
LOGITS = {"target": CLASSES["target"], "preds": rng.normal(size=(32, 3))}
LABELS = {"target": rng.integers(0, 2, (32, 5)), "preds": rng.integers(-4, 4, (32, 5)) / 2.0}
BAD = [
    ({"preds": np.zeros((32, 7))}, ValueError, "do not fit a target of shape (32,"),
    ({"target": np.full(32, 9)}, ValueError, "target has labels outside of 0 to"),
]
NO_PROBABILITY = ({"preds": np.full(32, 1.5)}, ValueError, "give `from_logits=True`")
NO_SUM = ({"preds": np.full((32, 3), 0.5)}, ValueError, "sum to 1 over the classes")
NO_NUMBER = ({"preds": np.full(32, np.nan)}, ValueError, "preds must be numbers")


def labelled(score, classes=None, **options):
    def reference(target, preds, sample_weight=None):
        return score(target, preds, sample_weight=sample_weight, labels=classes, **options)

    return reference


def ranked(score):
    def reference(target, preds, sample_weight=None):
        return score(target, preds, sample_weight=sample_weight)

    return reference


def signed_hinge(target, preds, sample_weight=None):
    return hinge_loss(2 * target - 1, preds, sample_weight=sample_weight)


def several_brier(target, preds, sample_weight=None):
    errors = ((preds - np.eye(3)[target]) ** 2).sum(-1)
    return np.average(errors, weights=sample_weight)


def calibration(bins, norm):
    def reference(target, preds, sample_weight=None):
        weight = np.ones(target.shape) if sample_weight is None else sample_weight
        if preds.ndim > 1:
            target, preds = preds.argmax(-1) == target, preds.max(-1)
        bin_of = np.digitize(preds, np.linspace(0, 1, bins + 1)[1:-1])
        counts, difference = np.zeros(bins), np.zeros(bins)
        for i in set(bin_of):
            counts[i] = weight[bin_of == i].sum()
            difference[i] = abs((weight * (target - preds))[bin_of == i].sum()) / counts[i]
        if norm == "max":
            return difference.max()
        power = {"l1": 1, "l2": 2}[norm]
        return np.average(difference**power, weights=counts) ** (1 / power)

    return reference


def normalized(target, preds, sample_weight=None):
    frequency = np.average(target, weights=sample_weight)
    entropy = -frequency * np.log(frequency) - (1 - frequency) * np.log(1 - frequency)
    return log_loss(target, preds, sample_weight=sample_weight) / entropy


def explained_brier(target, preds, sample_weight=None):
    frequency = np.average(target, weights=sample_weight)
    brier = brier_score_loss(target, preds, sample_weight=sample_weight)
    return 1 - brier / (frequency * (1 - frequency))


def ratio(target, preds, sample_weight=1.0):
    return (preds * sample_weight).sum() / (target * sample_weight).sum()


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        **options,
    }


CASES = [
    case(LogLoss(), BINARY, labelled(log_loss), [*BAD, NO_PROBABILITY]),
    case(LogLoss(num_classes=3), CLASSES, labelled(log_loss), [*BAD, NO_SUM]),
    case(BrierScore(), BINARY, labelled(brier_score_loss), [*BAD, NO_PROBABILITY]),
    case(BrierScore(num_classes=3), CLASSES, several_brier, [*BAD, NO_SUM]),
    case(HingeLoss(), SCORES, signed_hinge, [*BAD, NO_NUMBER]),
    case(HingeLoss(num_classes=3), LOGITS, labelled(hinge_loss, classes=[0, 1, 2]), BAD),
    case(CalibrationError(), BINARY, calibration(15, "l1"), [*BAD, NO_PROBABILITY]),
    case(
        CalibrationError(num_classes=3, num_bins=10, norm="l2"), CLASSES, calibration(10, "l2"), BAD
    ),
    case(
        CalibrationError(
            num_classes=3, num_bins=4, strategy="quantile", capacity=80, by_class=True
        ),
        CLASSES,
        None,
        BAD,
    ),
    case(NormalizedEntropy(), BINARY, normalized, [*BAD, NO_PROBABILITY]),
    case(D2LogLossScore(num_classes=3), CLASSES, labelled(d2_log_loss_score), [*BAD, NO_SUM]),
    case(D2BrierScore(), BINARY, explained_brier, [*BAD, NO_PROBABILITY]),
    case(
        ClickThroughRate(),
        {"clicks": BITS},
        lambda clicks, sample_weight=None: np.average(clicks, weights=sample_weight),
        [({"clicks": np.full(32, 2)}, ValueError, "clicks must be 0 or 1")],
    ),
    case(
        WeightedCalibration(),
        BINARY,
        ratio,
        [({"preds": np.zeros(31)}, ValueError, "must have the same shape")],
    ),
    case(CoverageError(), LABELS, ranked(coverage_error), BAD[:1]),
    case(LabelRankingAveragePrecision(), LABELS, ranked(label_ranking_average_precision_score)),
    case(LabelRankingLoss(), LABELS, ranked(label_ranking_loss)),
]
