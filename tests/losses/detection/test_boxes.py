"""The losses of boxes in all formats, against formulas by coordinates in float64."""

import jax
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


@pytest.mark.parametrize("box_format", ["xyxy", "cxcywh"])
def test_boxes_of_64_bits_far_from_zero(box_format):
    offset = np.array([500_000.1, 4_500_000.3] * (2 if box_format == "xyxy" else 1))
    offset = np.concatenate([offset, np.zeros(4 - len(offset))])
    found = losses.giou(TARGET + offset, PREDS + offset, box_format=box_format)
    np.testing.assert_allclose(found, box_loss("giou", TARGET, PREDS, box_format), rtol=1e-5)


@pytest.mark.slow
def test_boxes_apart_have_a_loss_of_their_distance():
    target, preds = jnp.array([[0.0, 0, 1, 1]] * 2), jnp.array([[2.0, 0, 3, 1], [9, 0, 10, 1]])
    assert losses.iou(target, preds).tolist() == [1, 1]
    for further in (losses.giou, losses.diou, losses.ciou):
        near, far = further(target, preds)
        assert 1 < near < far < 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["iou", "giou", "diou", "ciou"])
def test_units_of_boxes_do_not_matter(kind):
    unit = np.float32([[1], [2**-100], [2**60], [2**120], [0]])[:, None]
    values, slope = jax.value_and_grad(
        lambda preds: getattr(losses, kind)(unit * np.float32(TARGET), preds).sum()
    )(jnp.asarray(unit * np.float32(PREDS)))
    loss = getattr(losses, kind)(unit * np.float32(TARGET), unit * np.float32(PREDS))
    np.testing.assert_allclose(loss[1:4], loss[:1].repeat(3, 0), rtol=1e-6)
    assert jnp.isfinite(values) and jnp.isfinite(slope).all()


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
