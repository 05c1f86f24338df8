"""Metrics of predicted numbers."""

import numpy as np

from jax_metrics.metrics import MeanSquaredError, RootMeanSquaredError

rng = np.random.default_rng(0)
PAIR = {"target": rng.normal(size=16), "preds": rng.normal(size=16)}
OUTPUTS = {"target": rng.normal(size=(16, 3)), "preds": rng.normal(size=(16, 3))}
WRONG_SHAPE = ({"preds": np.zeros(15)}, ValueError, "must have the same shape")


def mse(target, preds, sample_weight=None):
    return np.average((target - preds) ** 2, axis=0, weights=sample_weight)


def rmse(target, preds, sample_weight=None):
    return np.sqrt(mse(target, preds, sample_weight))


CASES = [
    {"metric": MeanSquaredError(), "arguments": PAIR, "reference": mse, "bad": [WRONG_SHAPE]},
    {"metric": RootMeanSquaredError(num_outputs=3), "arguments": OUTPUTS, "reference": rmse},
]
