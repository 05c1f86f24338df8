"""Metrics made of true and false positives and negatives."""

import numpy as np
from sklearn.metrics import precision_score

from jax_metrics.metrics import Precision

rng = np.random.default_rng(0)
BINARY = {"target": rng.integers(0, 2, 32), "preds": rng.uniform(size=32)}
CLASSES = {"target": rng.integers(0, 5, 32), "preds": rng.normal(size=(32, 5))}
LABELS = {"target": rng.integers(0, 2, (32, 4)), "preds": rng.uniform(size=(32, 4))}
BAD = [
    ({"preds": np.zeros(31)}, ValueError, "do not fit a target of shape (32,)"),
    ({"target": np.full(32, 9)}, ValueError, "target has labels outside of 0 to"),
]


def scored(score, **options):
    """The reference by scikit-learn, for predictions as they come."""

    def reference(target, preds, sample_weight=None):
        said = preds.argmax(-1) if preds.ndim > target.ndim else preds > 0.5
        return score(target, said, sample_weight=sample_weight, zero_division=0, **options)

    return reference


CASES = [
    {"metric": Precision(), "arguments": BINARY, "reference": scored(precision_score), "bad": BAD},
    {
        "metric": Precision(num_classes=5),
        "arguments": CLASSES,
        "reference": scored(precision_score, average="macro"),
        "bad": BAD,
    },
    {
        "metric": Precision(num_labels=4, average="weighted"),
        "arguments": LABELS,
        "reference": scored(precision_score, average="weighted"),
    },
]
