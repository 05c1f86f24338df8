"""Losses of regions."""

from loss_arguments import case, floats, labels, one_row
from loss_references import generalized_dice, overlap

from jax_metrics import losses

CASES = [
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
]
