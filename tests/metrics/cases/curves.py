"""Metrics that consider many thresholds of scores."""

import numpy as np
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from jax_metrics.metrics import (
    AUC,
    AUROC,
    DET,
    EER,
    ROC,
    AveragePrecision,
    BestThreshold,
    ConfusionMatrixAtThresholds,
    LogAUC,
    PrecisionAtFixedRecall,
    PrecisionRecallCurve,
    RecallAtFixedPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    WindowedAUROC,
)

rng = np.random.default_rng(0)
# Scores on a grid that bfloat16 and the thresholds represent exactly, so that binning is exact.
GRID = {"thresholds": 33}
EXACT = {"capacity": 80}


def scores(*shape):
    return np.float32(rng.integers(0, 33, shape) / 32)


BINARY = {"target": rng.integers(0, 2, 32), "preds": scores(32)}
CLASSES = {"target": np.arange(32) % 3, "preds": scores(32, 3)}
LABELS = {"target": rng.integers(0, 2, (32, 3)), "preds": scores(32, 3)}
BAD = [
    ({"preds": np.zeros((32, 7))}, ValueError, "do not fit a target of shape (32"),
    ({"target": np.full(32, 9)}, ValueError, "target has labels outside of 0 to"),
    ({"preds": np.full(32, 1.5)}, ValueError, "give `from_logits=True`"),
    ({"preds": np.full(32, np.nan)}, ValueError, "preds must be probabilities"),
    ({"sample_weight": np.full(32, -1.0)}, ValueError, "sample_weight must not be negative"),
]


def scored(score, **options):
    """A reference of scikit-learn, each class against the rest."""

    def reference(target, preds, sample_weight=None):
        if preds.ndim > target.ndim:
            target = np.eye(preds.shape[-1], dtype=int)[target]
        return score(target, preds, sample_weight=sample_weight, **options)

    return reference


def above(target, preds, sample_weight=None):
    """True and false positives at each threshold of the grid and at infinity."""
    weight = np.ones(target.size) if sample_weight is None else sample_weight
    reached = preds[:, None] >= np.append(np.arange(33) / 32, np.inf)
    return (weight * target) @ reached, (weight * (1 - target)) @ reached


def precision_and_recall(*arguments, **options):
    tp, fp = above(*arguments, **options)
    precision = np.divide(tp, tp + fp, out=np.ones(34), where=tp + fp > 0)
    return precision, tp / tp[0], np.arange(33) / 32


def characteristic(*arguments, **options):
    tp, fp = above(*arguments, **options)
    rates = (fp / fp[0])[::-1], (tp / tp[0])[::-1]
    return *rates, np.append(np.arange(33) / 32, np.inf)[::-1]


def counts(*arguments, **options):
    tp, fp = (x[:-1] for x in above(*arguments, **options))
    return fp[0] - fp, fp, tp[0] - tp, tp, np.arange(33) / 32


def tradeoff(*arguments, **options):
    fpr, tpr, thresholds = characteristic(*arguments, **options)
    return fpr[::-1], 1 - tpr[::-1], thresholds[::-1]


def best(rate, bounded, minimum):
    """The best of the points that reach the minimum."""

    def reference(target, preds, sample_weight=None):
        tp, fp = above(target, preds, sample_weight)
        precision = np.divide(tp, tp + fp, out=np.ones(34), where=tp + fp > 0)
        rates = {"recall": tp / tp[0], "precision": precision, "specificity": 1 - fp / fp[0]}
        rows = zip(rates[rate], rates[bounded], [*np.arange(33) / 32, np.inf], strict=True)
        value, _, threshold = max(row for row in rows if row[1] >= minimum)
        return value, threshold

    return reference


def best_f1(target, preds, sample_weight=None):
    tp, fp = above(target, preds, sample_weight)
    f1 = 2 * tp / (tp + fp + tp[0])
    return f1.max(), np.append(np.arange(33) / 32, np.inf)[::-1][np.argmax(f1[::-1])]


def crossing(target, preds, sample_weight=None):
    """The rate at which both errors are equal, by bisection."""
    fpr, tpr, _ = characteristic(target, preds, sample_weight=sample_weight)
    low, high = 0.0, fpr.size - 1.0  # places along the curve

    def at(values, position):
        return np.interp(position, np.arange(fpr.size), values)

    for _ in range(60):
        middle = (low + high) / 2
        early = at(fpr, middle) + at(tpr, middle) < 1
        low, high = (middle, high) if early else (low, middle)
    return at(fpr, low)


def log_area(target, preds, sample_weight=None):
    """The area by numerical integration."""
    fpr, tpr, _ = characteristic(target, preds, sample_weight=sample_weight)
    total = 0.0
    for x0, x1, y0, y1 in zip(fpr[:-1], fpr[1:], tpr[:-1], tpr[1:], strict=True):
        a, b = np.clip([x0, x1], 0.01, 0.5)
        if b > a:
            start, end = (y0 + (y1 - y0) * (x - x0) / (x1 - x0) for x in (a, b))
            total += (start + end) / 2 * np.log(b / a)
    return total / np.log(50)


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        **options,
    }


SIBLINGS = {ConfusionMatrixAtThresholds}
CASES = [
    case(AUROC(**GRID), BINARY, scored(roc_auc_score), BAD),
    case(AUROC(**EXACT), BINARY, scored(roc_auc_score), BAD),
    case(AUROC(num_classes=3, **EXACT), CLASSES, scored(roc_auc_score), BAD[:2]),
    case(AUROC(num_classes=3, multi_class="ovo", **EXACT), CLASSES, None, BAD[:2]),
    case(
        AveragePrecision(num_labels=3, average="weighted", **GRID),
        LABELS,
        scored(average_precision_score, average="weighted"),
    ),
    case(AveragePrecision(**EXACT), BINARY, scored(average_precision_score), BAD),
    case(PrecisionRecallCurve(**GRID), BINARY, precision_and_recall, BAD),
    case(ROC(**GRID), BINARY, characteristic, BAD),
    case(ConfusionMatrixAtThresholds(**GRID), BINARY, counts, BAD),
    case(DET(**GRID), BINARY, tradeoff, BAD),
    # An example of weight two is one point of the curve, but two examples are two points.
    case(ROC(num_labels=3, **EXACT), LABELS, None, BAD[:1], repetition=False),
    case(
        RecallAtFixedPrecision(min_precision=0.6, **GRID),
        BINARY,
        best("recall", "precision", 0.6),
        BAD,
    ),
    case(PrecisionAtFixedRecall(min_recall=0.3, **GRID), BINARY, best("precision", "recall", 0.3)),
    case(
        SensitivityAtSpecificity(min_specificity=0.55, **GRID),
        BINARY,
        best("recall", "specificity", 0.55),
    ),
    case(
        SpecificityAtSensitivity(min_sensitivity=0.55, **GRID),
        BINARY,
        best("specificity", "recall", 0.55),
    ),
    case(WindowedAUROC(window=80), BINARY, scored(roc_auc_score), BAD),
    case(BestThreshold(criterion="f1", **GRID), BINARY, best_f1, BAD),
    case(EER(**GRID), BINARY, crossing, BAD),
    case(LogAUC(fpr_range=(0.01, 0.5), **GRID), BINARY, log_area, BAD),
    case(
        AUC(capacity=80),
        {"x": np.linspace(0, 2, 32)[rng.permutation(32)], "y": rng.uniform(size=32)},
        lambda x, y: auc(np.sort(x), y[np.argsort(x)]),
        [({"y": np.zeros(31)}, ValueError, "x and y must have the same shape")],
    ),
]
