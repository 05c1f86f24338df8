"""What the cases of metrics of images share."""

import numpy as np

NAMES = "target", "preds"
LAYOUT = [
    ({name: np.zeros((8, 3, 12, 10)) for name in NAMES}, ValueError, "channels first"),
    ({name: np.zeros((8, 12, 10)) for name in NAMES}, ValueError, "must be images"),
    ({"preds": np.zeros((8, 12, 11, 2))}, ValueError, "must have the same shape"),
]


def averaged(values, sample_weight=None):
    return np.average(values, axis=0, weights=sample_weight)


def of_images(values):
    """The reference of a metric with one value for each image."""

    def reference(target, preds, sample_weight=None):
        target, preds = np.float64(target), np.float64(preds)
        return averaged(values(target, preds), sample_weight)

    return reference


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        "sharded": False,
        **options,
    }
