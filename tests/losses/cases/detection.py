"""Losses of boxes; other formats are in detection/test_boxes.py."""

import numpy as np
from loss_arguments import case, one_row
from loss_references import box_loss

from jax_metrics import losses

# The boxes of the first three pairs overlap, those of the last do not.
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


CASES = [
    box_case(losses.IoU(), "iou"),
    box_case(losses.GIoU(), "giou"),
    box_case(losses.DIoU(), "diou"),
    # The weight of its penalty has no gradient.
    box_case(losses.CIoU(), "ciou", numeric_gradient=False),
]
