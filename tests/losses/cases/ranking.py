"""Losses of scores that put items in order."""

import numpy as np
from loss_arguments import SIGNS, case, floats
from loss_references import log_softmax, sign

from jax_metrics import losses

CASES = [
    case(
        losses.MarginRanking(margin=0.2),
        SIGNS | {"other": np.array([0.5, -0.5, 0.1, 3.0])},
        lambda target, preds, other: np.maximum(0, 0.2 - sign(target) * (preds - other)),
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
]
