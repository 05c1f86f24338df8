"""Metrics computed from true and false positives and negatives."""

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    class_likelihood_ratios,
    f1_score,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    matthews_corrcoef,
    multilabel_confusion_matrix,
    precision_score,
    recall_score,
)

from jax_metrics.metrics import (
    Accuracy,
    BalancedAccuracy,
    ExactMatch,
    F1Score,
    FBetaScore,
    HammingDistance,
    JaccardIndex,
    MatthewsCorrCoef,
    NegativeLikelihoodRatio,
    NegativePredictiveValue,
    PositiveLikelihoodRatio,
    Precision,
    Recall,
    Specificity,
    StatScores,
)

rng = np.random.default_rng(0)
BINARY = {"target": rng.integers(0, 2, 32), "preds": rng.uniform(size=32)}
CLASSES = {"target": rng.integers(0, 5, 32), "preds": rng.normal(size=(32, 5))}
LABELS = {"target": rng.integers(0, 2, (32, 4)), "preds": rng.uniform(size=(32, 4))}
FEW_LABELS = {"target": rng.integers(0, 2, (32, 2)), "preds": rng.uniform(size=(32, 2))}
WORDS = {"target": rng.integers(0, 3, (16, 2)), "preds": rng.integers(0, 3, (16, 2))}
BAD = [
    ({"preds": np.zeros(31)}, ValueError, "do not fit a target of shape (32,)"),
    ({"target": np.full(32, 9)}, ValueError, "target has labels outside of 0 to"),
]
NEGATIVE = ({"target": np.full(32, -1)}, ValueError, "target has labels outside of 0 to")
NO_PROBABILITY = ({"preds": np.full(32, 1.5)}, ValueError, "preds must be probabilities")


def labels_of(target, preds):
    return preds.argmax(-1) if preds.ndim > target.ndim else preds > 0.5


def scored(score, **options):
    """A reference of scikit-learn, for labels and scores."""

    def reference(target, preds, sample_weight=None):
        return score(target, labels_of(target, preds), sample_weight=sample_weight, **options)

    return reference


def divided(score, **options):
    return scored(score, zero_division=0, **options)


def counts_of(target, preds, sample_weight=None):
    """For each class or label: tn, fp, fn, tp."""
    matrices = multilabel_confusion_matrix(
        target, labels_of(target, preds), sample_weight=sample_weight
    )
    return matrices.reshape(-1, 4).T


def stat_scores(target, preds, sample_weight=None):
    tn, fp, fn, tp = counts_of(target, preds, sample_weight)
    return np.stack([tp, fp, tn, fn, tp + fn], -1)


def specificity(target, preds, sample_weight=None):
    tn, fp, _, _ = counts_of(target, preds, sample_weight)
    return (tn / (tn + fp)).mean()


def negative_predictive_value(target, preds, sample_weight=None):
    tn, _, fn, _ = counts_of(target, preds, sample_weight)
    return (tn / (tn + fn)).mean()


def likelihood_ratio(which):
    ratios = scored(class_likelihood_ratios)
    return lambda *arguments, **options: ratios(*arguments, **options)[which]


def exact_match(target, preds, sample_weight=None):
    return np.average((target == preds).all(-1), weights=sample_weight)


CASES = [
    {"metric": Precision(), "arguments": BINARY, "reference": divided(precision_score), "bad": BAD},
    {
        "metric": Precision(num_classes=5),
        "arguments": CLASSES,
        "reference": divided(precision_score, average="macro"),
        "bad": BAD,
    },
    {
        "metric": Precision(num_labels=4, average="weighted"),
        "arguments": LABELS,
        "reference": divided(precision_score, average="weighted"),
    },
    {
        "metric": Accuracy(),
        "arguments": CLASSES,
        "reference": scored(accuracy_score),
        "bad": [*BAD, NEGATIVE],
    },
    {
        "metric": Accuracy(),
        "arguments": BINARY,
        "reference": scored(accuracy_score),
        "bad": [*BAD, NO_PROBABILITY],
    },
    {
        "metric": Accuracy(num_classes=5, average="macro"),
        "arguments": CLASSES,
        "reference": scored(balanced_accuracy_score),
        "bad": BAD,
    },
    {
        "metric": Accuracy(num_labels=2, subset=True),
        "arguments": FEW_LABELS,
        "reference": scored(accuracy_score),
    },
    {
        "metric": HammingDistance(num_labels=4),
        "arguments": LABELS,
        "reference": scored(hamming_loss),
    },
    {
        "metric": Recall(num_labels=4),
        "arguments": LABELS,
        "reference": divided(recall_score, average="macro"),
    },
    {
        "metric": F1Score(num_classes=5, average="weighted"),
        "arguments": CLASSES,
        "reference": divided(f1_score, average="weighted"),
        "bad": BAD,
    },
    {
        "metric": FBetaScore(beta=2.0, num_classes=5, average=None),
        "arguments": CLASSES,
        "reference": divided(fbeta_score, beta=2, average=None),
    },
    {
        "metric": JaccardIndex(num_classes=5),
        "arguments": CLASSES,
        "reference": divided(jaccard_score, average="macro"),
        "bad": BAD,
    },
    {"metric": Specificity(num_classes=5), "arguments": CLASSES, "reference": specificity},
    {
        "metric": NegativePredictiveValue(num_labels=4),
        "arguments": LABELS,
        "reference": negative_predictive_value,
    },
    {
        "metric": PositiveLikelihoodRatio(),
        "arguments": BINARY,
        "reference": likelihood_ratio(0),
        "bad": BAD,
    },
    {
        "metric": NegativeLikelihoodRatio(),
        "arguments": BINARY,
        "reference": likelihood_ratio(1),
        "bad": BAD,
    },
    {
        "metric": StatScores(num_classes=5),
        "arguments": CLASSES,
        "reference": stat_scores,
        "bad": BAD,
    },
    {
        "metric": ExactMatch(num_classes=3),
        "arguments": WORDS,
        "reference": exact_match,
        "bad": [({"preds": np.full((16, 2), 3)}, ValueError, "preds has labels outside of 0 to 2")],
    },
    {
        "metric": BalancedAccuracy(num_classes=5, adjusted=True),
        "arguments": CLASSES,
        "reference": scored(balanced_accuracy_score, adjusted=True),
        "bad": BAD,
    },
    {
        "metric": BalancedAccuracy(),
        "arguments": BINARY,
        "reference": scored(balanced_accuracy_score),
    },
    {
        "metric": MatthewsCorrCoef(num_classes=5),
        "arguments": CLASSES,
        "reference": scored(matthews_corrcoef),
        "bad": BAD,
    },
    {
        "metric": MatthewsCorrCoef(),
        "arguments": BINARY,
        "reference": scored(matthews_corrcoef),
        "bad": BAD,
    },
]
