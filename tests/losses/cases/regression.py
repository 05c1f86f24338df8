"""Losses of predicted numbers."""

import numpy as np
from loss_arguments import case, floats, one_row, pairs
from loss_references import huber

from jax_metrics import losses

INF = np.inf

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
]
