"""Every exported loss with arguments, a reference in float64, and options of `check_loss`."""

import re

import numpy as np
import pytest
import scipy.special as special
import scipy.stats as stats
from loss_arguments import floats, labels, one_row, pairs, scores, simplex
from loss_references import (
    at,
    box_loss,
    categorical_focal,
    circle,
    cosine,
    ctc,
    focal,
    generalized_dice,
    huber,
    log_softmax,
    multilabel_margin,
    ntxent,
    overlap,
    sign,
    sparsemax_of,
)

from jax_metrics import losses

INF = np.inf
SIGNS = {"target": np.array([1, -1, 1, -1]), "preds": np.array([0.3, 0.6, -1.7, 2.4])}
WEIGHTS = (0.5, 1.0, 3.0)
LARGE = one_row([0, 0], [[1e4, 0.0, -1e4], [-1e4, 0.0, 1e4]])

# The boxes of the first three pairs overlap, those of the last do not. Other formats are tested in
# detection/test_boxes.py.
BOXES = {
    "target": np.array([[1.0, 2, 4, 7], [0, 0, 3, 3], [2, 1, 9, 4], [0, 0, 1, 2]]),
    "preds": np.array([[0.5, 3, 5, 6], [1, 1, 2.5, 2], [3, 0.5, 8, 5], [3, 3, 5, 4]]),
}
NO_BOX = one_row([np.zeros(4)], [np.zeros(4)])


def box_case(loss, kind, at_zero=1.0, **options):
    return case(
        loss,
        BOXES,
        lambda target, preds: box_loss(kind, target, preds),
        limits=[(NO_BOX, [at_zero])],
        **options,
    )


def case(loss, arguments, reference, **options):
    return pytest.param(loss, arguments, reference, options, id=re.sub(" at 0x.*", "", repr(loss)))


CASES = [
    case(
        losses.MeanSquaredError(),
        pairs(4, 3),
        lambda target, preds: (target - preds) ** 2,
        limits=[(one_row([0.0, 1.0], [INF, 1.0]), [INF, 0])],
    ),
    case(
        losses.MeanAbsoluteError(reduction="sum", weight=0.5),
        pairs(4, 3),
        lambda target, preds: abs(target - preds),
        limits=[(one_row([0.0, 1.0], [-INF, 1.0]), [INF, 0])],
    ),
    case(
        losses.MeanAbsolutePercentageError(),
        pairs(5, low=0.5),
        lambda target, preds: 100 * abs(target - preds) / abs(target),
        limits=[(one_row([0.0, 0.0], [0.0, 1e-7]), [0, 100])],
    ),
    case(
        losses.MeanSquaredLogarithmicError(),
        pairs(5, low=0.5),
        lambda target, preds: np.log((1 + target) / (1 + preds)) ** 2,
        limits=[(one_row([0.0, 0.0], [0.0, -1.0]), [0, 0])],
    ),
    case(
        losses.Huber(delta=0.7),
        pairs(4, 3),
        lambda target, preds: huber(target, preds, 0.7),
        limits=[(one_row([0.0, 0.0], [INF, 0.0]), [INF, 0])],
    ),
    case(
        losses.SmoothL1(beta=0.7),
        pairs(4, 3),
        lambda target, preds: huber(target, preds, 0.7) / 0.7,
    ),
    case(
        losses.LogCosh(),
        pairs(4, 3),
        lambda target, preds: np.log(np.cosh(target - preds)),
        limits=[
            (one_row(np.zeros(4), [1e-4, -1e4, 0.0, INF]), [5e-9, 1e4 - np.log(2), 0, INF]),
        ],
        atol=1e-12,
    ),
    case(
        losses.Quantile(q=0.2),
        pairs(4, 3),
        lambda target, preds: np.maximum(0.2 * (target - preds), 0.8 * (preds - target)),
    ),
    case(
        losses.Quantile(q=(0.2, 0.5)),
        {"target": floats(4, seed=3), "preds": floats(4, 2)},
        lambda target, preds: np.stack(
            [
                np.maximum(q * (target - p), (1 - q) * (p - target))
                for q, p in zip((0.2, 0.5), preds.T, strict=True)
            ],
            -1,
        ),
    ),
    case(
        losses.Poisson(full=True),
        {"target": labels(5, classes=9).astype(float), "preds": floats(5)},
        lambda target, preds: -stats.poisson.logpmf(target, np.exp(preds)),
        atol=2e-6,
    ),
    case(
        losses.Poisson(log_rate=False),
        {"target": labels(5, classes=9).astype(float), "preds": floats(5, low=0.5)},
        lambda target, preds: preds - target * np.log(preds),
        limits=[(one_row([0.0, 1.0, 0.0], [0.0, 0.0, 3.0]), [0, INF, 3])],
    ),
    case(
        losses.GaussianNLL(full=True),
        pairs(4, 2) | {"var": floats(4, 2, low=0.5)},
        lambda target, preds, var: -stats.norm.logpdf(target, preds, np.sqrt(var)),
        limits=[(one_row([1.0], [1.0]) | {"var": np.array([0.0])}, [0.5 * np.log(2e-6 * np.pi)])],
    ),
    case(
        losses.CosineSimilarity(),
        pairs(4, 3),
        lambda target, preds: -cosine(target, preds),
        limits=[
            (
                one_row([[1.0, 1.0]] * 3, [[0.0, 0.0], [1e30, 0.0], [-1e-30, 0.0]]),
                [0, -(0.5**0.5), 0.5**0.5],
            )
        ],
    ),
    case(
        losses.CosineEmbedding(margin=0.1),
        {"target": np.array([1, -1, 0, 1]), "preds": floats(4, 3), "other": floats(4, 3, seed=9)},
        lambda target, preds, other: np.where(
            target > 0, 1 - cosine(preds, other), np.maximum(0, cosine(preds, other) - 0.1)
        ),
    ),
    # The options of crossentropy are tested in classification/test_crossentropy.py.
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
        losses.KLDivergence(),
        {"target": simplex(4, 3), "preds": log_softmax(floats(4, 3))},
        lambda target, preds: special.rel_entr(target, np.exp(preds)).sum(-1),
        limits=[
            (one_row([[0.0, 1.0], [0.5, 0.5]], [[-INF, 0.0], [-INF, 0.0]]), [0, INF]),
        ],
    ),
    case(
        losses.KLDivergence(log_target=True, generalized=True),
        {"target": floats(4, 3, seed=5), "preds": floats(4, 3)},
        lambda target, preds: special.kl_div(np.exp(target), np.exp(preds)).sum(-1),
        limits=[(one_row([[-INF, 0.0]], [[-INF, 0.0]]), [0])],
    ),
    case(
        losses.KLDivergence(log_preds=False),
        {"target": simplex(4, 3), "preds": simplex(4, 3, seed=8)},
        lambda target, preds: special.rel_entr(target, preds).sum(-1),
        limits=[(one_row([[0.0, 1.0], [0.5, 0.5]], [[0.0, 1.0], [0.0, 1.0]]), [0, INF])],
    ),
    case(
        losses.JensenShannon(log_preds=False),
        {"target": simplex(4, 3), "preds": simplex(4, 3, seed=8)},
        lambda target, preds: (
            (
                special.rel_entr(target, (target + preds) / 2)
                + special.rel_entr(preds, (target + preds) / 2)
            ).sum(-1)
            / 2
        ),
        limits=[(one_row([[0.0, 1.0]], [[0.0, 1.0]]), [0])],
    ),
    case(
        losses.JensenShannon(),
        {"target": simplex(4, 3), "preds": log_softmax(floats(4, 3))},
        lambda target, preds: (
            (
                special.rel_entr(target, (target + np.exp(preds)) / 2)
                + special.rel_entr(np.exp(preds), (target + np.exp(preds)) / 2)
            ).sum(-1)
            / 2
        ),
        limits=[(one_row([[0.0, 1.0], [1.0, 0.0]], [[-INF, 0.0]] * 2), [0, np.log(2)])],
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
    case(
        losses.HingeEmbedding(margin=1.5),
        SIGNS,
        lambda target, preds: np.where(target > 0, preds, np.maximum(0, 1.5 - preds)),
    ),
    case(
        losses.MarginRanking(margin=0.2),
        SIGNS | {"other": np.array([0.5, -0.5, 0.1, 3.0])},
        lambda target, preds, other: np.maximum(0, 0.2 - sign(target) * (preds - other)),
    ),
    case(
        losses.TripletMargin(p=3, swap=True),
        {name: floats(4, 3, seed=i) for i, name in enumerate(("anchor", "positive", "negative"))},
        lambda anchor, positive, negative: np.maximum(
            0,
            1
            + np.linalg.norm(anchor - positive, 3, -1)
            - np.minimum(
                np.linalg.norm(anchor - negative, 3, -1),
                np.linalg.norm(positive - negative, 3, -1),
            ),
        ),
        limits=[({n: np.ones((1, 2)) for n in ("anchor", "positive", "negative")}, [1])],
    ),
    case(
        losses.TripletMargin(distance=lambda a, b: abs(a - b).sum(-1)),
        {name: floats(4, 3, seed=i) for i, name in enumerate(("anchor", "positive", "negative"))},
        lambda anchor, positive, negative: np.maximum(
            0, 1 + abs(anchor - positive).sum(-1) - abs(anchor - negative).sum(-1)
        ),
    ),
    case(
        losses.NTXent(temperature=0.5),
        {"target": np.array([0, 0, 1, 0, 1, 2], np.int32), "preds": floats(6, 4)},
        ntxent,
        limits=[(one_row([0, 0], [[0.0, 0.0], [1.0, 0.0]]), [0, 0])],
    ),
    case(
        losses.Circle(gamma=2.0, margin=0.25),
        {"target": np.array([0, 0, 1, 0, 1, 2], np.int32), "preds": floats(6, 4)},
        circle,
        numeric_gradient=False,  # its weights have no gradient
        limits=[(one_row([0, 1], [[0.0, 0.0], [1.0, 0.0]]), [0, 0])],
    ),
    case(
        losses.RankingSoftmax(),
        {
            "target": floats(3, 4, low=0),
            "preds": floats(3, 4),
            "where": np.arange(4) < np.array([[4], [2], [0]]),
        },
        lambda target, preds, where: np.array(
            [
                -(t[w] * log_softmax(p[w])).sum() if w.any() else 0.0
                for t, p, w in zip(target, preds, where, strict=True)
            ]
        ),
    ),
    box_case(losses.IoU(), "iou"),
    box_case(losses.GIoU(), "giou"),
    box_case(losses.DIoU(), "diou"),
    # The weight of its penalty has no gradient.
    box_case(losses.CIoU(), "ciou", numeric_gradient=False),
    case(losses.Dice(), {"target": labels(3, 4, 2), "preds": floats(3, 4, 2, 3)}, overlap),
    case(
        losses.Tversky(alpha=0.3, beta=0.7),
        {"target": labels(3, 4, 2), "preds": floats(3, 4, 2, 3)},
        lambda target, preds: overlap(target, preds, 0.3, 0.7),
    ),
    case(
        losses.GeneralizedDice(),
        {"target": labels(3, 4, 2, classes=2), "preds": floats(3, 4, 2, 3)},
        generalized_dice,
        limits=[(one_row([[0, 0]], [[[1e4, 0.0], [1e4, 0.0]]]), [0])],
    ),
    case(
        losses.CTC(),
        {
            "target": np.array([[1, 2, 0], [1, 1, 2], [2, 0, 0], [1, 1, 0]], np.int32),
            "preds": floats(4, 5, 3),
            "target_length": np.array([2, 3, 0, 2], np.int32),
            "preds_length": np.array([5, 5, 3, 4], np.int32),
        },
        ctc,
        limits=[
            (
                one_row([[1, 1]] * 2, np.zeros((2, 3, 2)))
                | {"preds_length": np.array([2, 3], np.int32)},
                [INF, 3 * np.log(2)],
            ),
        ],
    ),
]
