"""Metrics of a confusion matrix."""

import numpy as np
from sklearn.metrics import cohen_kappa_score, confusion_matrix, multilabel_confusion_matrix

from jax_metrics.metrics import CohenKappa, ConfusionMatrix, MultilabelConfusionMatrix

rng = np.random.default_rng(0)
CLASSES = {"target": rng.integers(0, 4, 32), "preds": rng.normal(size=(32, 4))}
GRADES = {"target": rng.integers(0, 4, 32), "preds": rng.integers(0, 4, 32)}
LABELS = {"target": rng.integers(0, 2, (32, 3)), "preds": rng.integers(0, 2, (32, 3))}
BAD = [({"target": np.full(32, 9)}, ValueError, "target has labels outside of 0 to 3")]


def matrix_of_scores(target, preds, sample_weight=None):
    return confusion_matrix(target, preds.argmax(-1), sample_weight=sample_weight, normalize="true")


def kappa(target, preds, sample_weight=None):
    return cohen_kappa_score(target, preds, weights="quadratic", sample_weight=sample_weight)


def matrices(target, preds, sample_weight=None):
    return multilabel_confusion_matrix(target, preds, sample_weight=sample_weight)


CASES = [
    {
        "metric": ConfusionMatrix(num_classes=4, normalize="true"),
        "arguments": CLASSES,
        "reference": matrix_of_scores,
        "bad": BAD,
    },
    {"metric": ConfusionMatrix(num_labels=3), "arguments": LABELS, "reference": matrices},
    {
        "metric": CohenKappa(num_classes=4, weights="quadratic"),
        "arguments": GRADES,
        "reference": kappa,
        "bad": BAD,
    },
    {
        "metric": MultilabelConfusionMatrix(num_classes=4),
        "arguments": GRADES,
        "reference": matrices,
        "bad": BAD,
    },
]
SIBLINGS = {MultilabelConfusionMatrix}
