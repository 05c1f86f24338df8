"""Losses of scores of classes; other options of crossentropy are in test_crossentropy.py."""

import numpy as np
import scipy.special as special
from loss_arguments import SIGNS, case, floats, labels, one_row, pairs, scores
from loss_references import (
    at,
    categorical_focal,
    focal,
    log_softmax,
    multilabel_margin,
    sign,
    sparsemax_of,
)

from jax_metrics import losses

INF = np.inf
WEIGHTS = (0.5, 1.0, 3.0)
LARGE = one_row([0, 0], [[1e4, 0.0, -1e4], [-1e4, 0.0, 1e4]])

CASES = [
    case(
        losses.Crossentropy(class_weights=WEIGHTS, label_smoothing=0.1),
        scores(),
        lambda target, preds: (
            -((0.9 * np.eye(3)[target] + 0.1 / 3) * np.array(WEIGHTS) * log_softmax(preds)).sum(-1)
        ),
    ),
    case(
        losses.Crossentropy(),
        scores(),
        lambda target, preds: -at(log_softmax(preds), target),
        limits=[
            (LARGE, [0, 2e4]),
            (one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF]),
        ],
    ),
    case(
        losses.BinaryFocalCrossentropy(gamma=1.5, alpha=0.25),
        {"target": labels(5, classes=2), "preds": floats(5)},
        focal,
        limits=[(one_row([1, 1, 0], [1e4, -1e4, -1e4]), [0, 2.5e3, 0])],
    ),
    case(
        losses.CategoricalFocalCrossentropy(gamma=0.5, alpha=(0.2, 0.3, 0.5)),
        scores(),
        categorical_focal,
        limits=[(LARGE, [0, 0.2 * 2e4])],
    ),
    case(
        losses.GeneralizedCrossentropy(q=0.7),
        scores(),
        lambda target, preds: (1 - at(special.softmax(preds, -1), target) ** 0.7) / 0.7,
        limits=[(LARGE, [0, 1 / 0.7])],
    ),
    case(
        losses.PolyCrossentropy(epsilon=0.5),
        scores(),
        lambda target, preds: (
            0.5 * (1 - at(special.softmax(preds, -1), target)) - at(log_softmax(preds), target)
        ),
        limits=[
            (LARGE, [0, 2e4 + 0.5]),
            (one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF]),
        ],
    ),
    case(
        losses.Hinge(),
        SIGNS,
        lambda target, preds: np.maximum(0, 1 - sign(target) * preds),
        limits=[(one_row([1, 0], [INF, INF]), [0, INF])],
    ),
    case(
        losses.SquaredHinge(),
        SIGNS,
        lambda target, preds: np.maximum(0, 1 - sign(target) * preds) ** 2,
        limits=[(one_row([1, 0], [INF, 1e4]), [0, 10001.0**2])],
    ),
    case(
        losses.MulticlassHinge(),
        scores(),
        lambda target, preds: (preds + 1 - np.eye(3)[target]).max(-1) - at(preds, target),
        limits=[(LARGE, [0, 20001]), (one_row([0], [[0.0, -INF]]), [0])],
    ),
    case(
        losses.Perceptron(),
        SIGNS,
        lambda target, preds: np.maximum(0, -sign(target) * preds),
    ),
    case(
        losses.MulticlassPerceptron(),
        scores(),
        lambda target, preds: preds.max(-1) - at(preds, target),
        limits=[(one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF])],
    ),
    case(
        losses.SoftMargin(),
        SIGNS,
        lambda target, preds: np.log1p(np.exp(-sign(target) * preds)),
        limits=[(one_row([1, 1, 0], [1e4, -1e4, -INF]), [0, 1e4, 0])],
    ),
    case(
        losses.MultiMargin(p=2, class_weights=WEIGHTS),
        scores(),
        lambda target, preds: (
            np.array(WEIGHTS)[target]
            * (
                (np.maximum(0, 1 - at(preds, target)[:, None] + preds) ** 2)
                * (1 - np.eye(3)[target])
            ).sum(-1)
            / 3
        ),
    ),
    case(
        losses.MultilabelMargin(),
        {"target": labels(4, 5, classes=2), "preds": floats(4, 5)},
        multilabel_margin,
    ),
    case(
        losses.MultilabelSoftMargin(class_weights=WEIGHTS),
        {"target": labels(4, 3, classes=2), "preds": floats(4, 3)},
        lambda target, preds: (
            -(
                np.array(WEIGHTS)
                * np.where(target, special.log_expit(preds), special.log_expit(-preds))
            ).mean(-1)
        ),
    ),
    case(
        losses.Sparsemax(),
        SIGNS,
        lambda target, preds: np.where(
            abs(preds) < 1,
            (1 - sign(target) * preds) ** 2 / 4,
            np.maximum(0, -sign(target) * preds),
        ),
        limits=[(one_row([1, 0], [1e4, 1e4]), [0, 1e4])],
    ),
    case(
        losses.MulticlassSparsemax(),
        scores(),
        lambda target, preds: np.array(
            [sparsemax_of(s, t) for s, t in zip(preds, target, strict=True)]
        ),
        limits=[(LARGE, [0, 2e4]), (one_row([0], [[1e4 + 0.5, 1e4]]), [0.0625])],
    ),
    case(
        losses.FenchelYoung(max_fun=lambda scores: ((scores**2).sum()) / 2),
        pairs(4, 3),
        lambda target, preds: (preds**2).sum(-1) / 2 - (target * preds).sum(-1),
    ),
]
