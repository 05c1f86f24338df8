"""The losses of boxes in all formats, against formulas by coordinates in float64."""

import jax.numpy as jnp
import numpy as np
import pytest
from loss_references import box_loss

from jax_metrics import losses

TARGET = np.array([[1.0, 2, 4, 7], [2, 2, 3, 3], [2, 1, 9, 4]])
PREDS = np.array([[0.5, 3, 5, 6], [1, 1, 2.5, 2], [30, 0.5, 8, 5]])


@pytest.mark.parametrize("box_format", ["xywh", "cxcywh"])
@pytest.mark.parametrize("kind", ["iou", "ciou"])
def test_formats(kind, box_format):
    found = getattr(losses, kind)(TARGET, PREDS, box_format=box_format)
    np.testing.assert_allclose(found, box_loss(kind, TARGET, PREDS, box_format), rtol=1e-5)


def test_boxes_apart_have_a_loss_of_their_distance():
    target, preds = jnp.array([[0.0, 0, 1, 1]] * 2), jnp.array([[2.0, 0, 3, 1], [9, 0, 10, 1]])
    assert losses.iou(target, preds).tolist() == [1, 1]
    for further in (losses.giou, losses.diou, losses.ciou):
        near, far = further(target, preds)
        assert 1 < near < far < 2


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((TARGET, PREDS), {"box_format": "yxyx"}, "box_format must be one of 'xyxy', 'xywh'"),
        ((TARGET[:, :3], PREDS), {}, r"target must hold boxes of four numbers .* is \[3, 3\]"),
        ((TARGET, PREDS[:2]), {}, "must have the same shape"),
    ],
)
def test_mistakes(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        losses.giou(*arguments, **options)
