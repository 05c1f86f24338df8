"""Losses of vectors that are compared with each other."""

import numpy as np
from loss_arguments import SIGNS, case, floats, one_row, pairs
from loss_references import circle, cosine, ntxent

from jax_metrics import losses

CASES = [
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
    case(
        losses.HingeEmbedding(margin=1.5),
        SIGNS,
        lambda target, preds: np.where(target > 0, preds, np.maximum(0, 1.5 - preds)),
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
]
