"""Cases of losses, and the targets and predictions that they are called with."""

import re

import numpy as np
import pytest
import scipy.special as special

rng = np.random.default_rng
SIGNS = {"target": np.array([1, -1, 1, -1]), "preds": np.array([0.3, 0.6, -1.7, 2.4])}


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


def case(loss, arguments, reference, **options):
    """A loss, its arguments, a reference in float64, and options of `check_loss`."""
    return pytest.param(loss, arguments, reference, options, id=re.sub(" at 0x.*", "", repr(loss)))
