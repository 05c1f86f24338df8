"""Losses of label sequences that are not aligned with their inputs."""

import numpy as np
from loss_arguments import case, floats, one_row
from loss_references import ctc

from jax_metrics import losses

INF = np.inf

CASES = [
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
