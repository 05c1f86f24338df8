"""Targets and predictions to call losses with."""

import numpy as np
import scipy.special as special

rng = np.random.default_rng


def floats(*shape, seed=0, low=-2.0, high=2.0):
    return rng(seed).uniform(low, high, shape)


def labels(*shape, classes=3, seed=1):
    return rng(seed).integers(0, classes, shape).astype(np.int32)


def simplex(*shape, seed=2):
    return special.softmax(floats(*shape, seed=seed), axis=-1)


def pairs(*shape, **options):
    return {"target": floats(*shape, seed=3, **options), "preds": floats(*shape, **options)}


def scores(classes=3):
    return {"target": labels(6, classes=classes), "preds": floats(6, classes)}


def one_row(target, preds):
    """Limits for one target and one prediction each."""
    return {"target": np.array(target), "preds": np.array(preds)}
