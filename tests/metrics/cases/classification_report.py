"""Classification reports."""

import numpy as np
from sklearn.metrics import classification_report

from jax_metrics.metrics import ClassificationReport

rng = np.random.default_rng(0)
CLASSES = {"target": rng.integers(0, 3, 32), "preds": rng.normal(size=(32, 3))}


def reference(target, preds, sample_weight=None):
    return classification_report(
        target, preds.argmax(-1), sample_weight=sample_weight, output_dict=True, zero_division=0
    )


CASES = [
    {
        "metric": ClassificationReport(num_classes=3),
        "arguments": CLASSES,
        "reference": reference,
        "bad": [({"target": np.full(32, 3)}, ValueError, "target has labels outside of 0 to 2")],
    },
]
