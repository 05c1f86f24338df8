"""Metrics that look at scores through many thresholds."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from jax_metrics.metrics import AUROC, AveragePrecision

rng = np.random.default_rng(0)
# Scores on a grid that bfloat16 and the thresholds have too, so that bins lose nothing.
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
    """The reference by scikit-learn, each class against the rest."""

    def reference(target, preds, sample_weight=None):
        if preds.ndim > target.ndim:
            target = np.eye(preds.shape[-1], dtype=int)[target]
        return score(target, preds, sample_weight=sample_weight, **options)

    return reference


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        **options,
    }


CASES = [
    case(AUROC(**GRID), BINARY, scored(roc_auc_score), BAD),
    case(AUROC(**EXACT), BINARY, scored(roc_auc_score), BAD),
    case(AUROC(num_classes=3, **EXACT), CLASSES, scored(roc_auc_score), BAD[:2]),
    case(
        AveragePrecision(num_labels=3, average="weighted", **GRID),
        LABELS,
        scored(average_precision_score, average="weighted"),
    ),
    case(AveragePrecision(**EXACT), BINARY, scored(average_precision_score), BAD),
]
