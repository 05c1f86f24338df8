"""Targets and scores of all kinds, and both kinds of state of a curve."""

import numpy as np

N = 200
CURVES = {"exact": {"capacity": 2 * N}, "binned": {"thresholds": 65}}


def scores(rng, *shape):
    """Scores with ties."""
    return rng.integers(0, 65, shape) / 64


def arguments(rng, kind):
    """Target and scores: binary, of four classes, or of four labels."""
    if kind == "binary":
        return rng.integers(0, 2, N), scores(rng, N)
    if kind == "classes":
        return rng.integers(0, 4, N), scores(rng, N, 4)
    return rng.integers(0, 2, (N, 4)), scores(rng, N, 4)


def options_of(kind):
    return {"binary": {}, "classes": {"num_classes": 4}, "labels": {"num_labels": 4}}[kind]


def rest(target, preds):
    """The target of each class against the rest."""
    return np.eye(preds.shape[-1])[target] if preds.ndim > target.ndim else target
