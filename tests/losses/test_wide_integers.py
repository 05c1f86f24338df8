"""Integers of NumPy that JAX would truncate to 32 bits, or wrap around, are right or refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses

WIDE = 2**32 + 1  # truncated to 1
PREDS = np.zeros((2, 3), np.float32)
SCORES = {"preds": PREDS}


@pytest.mark.slow
@pytest.mark.parametrize("mask", [None, np.ones(2, bool), jnp.ones(2, bool)])
@pytest.mark.parametrize(
    ("loss", "arguments"),
    [
        (losses.Crossentropy(), SCORES),
        (losses.Crossentropy(label_smoothing=0.1), SCORES),
        (losses.Crossentropy(ignore_index=-1), SCORES),
        (losses.CategoricalFocalCrossentropy(), SCORES),
        (losses.GeneralizedCrossentropy(), SCORES),
        (losses.PolyCrossentropy(), SCORES),
        (losses.MulticlassHinge(), SCORES),
        (losses.MultiMargin(), SCORES),
        (losses.MulticlassSparsemax(), SCORES),
        (losses.NTXent(), SCORES),
        (losses.Circle(), SCORES),
    ],
)
def test_labels_are_refused(loss, arguments, mask):
    target = np.array([0, WIDE])
    with pytest.raises(OverflowError, match=f"target holds the int64 {WIDE}, which JAX would"):
        loss(target=target, **arguments, mask=mask)
    hidden = np.array([True, False])
    first = loss(target=np.array([0, 1]), **arguments, mask=hidden)
    if "mask" not in loss._parameters_of_call():  # those compare examples with each other
        assert loss(target=target, **arguments, mask=hidden) == first


def test_sequences_are_refused():
    frames = np.zeros((1, 4, 3), np.float32)
    with pytest.raises(OverflowError, match="target holds"):
        losses.ctc(np.array([[WIDE, 1]]), frames)
    with pytest.raises(OverflowError, match="preds_length holds"):
        losses.ctc(np.array([[2, 1]]), frames, preds_length=np.array([WIDE]))


LABELS = np.array([100, 3])
LOGITS = jnp.zeros((2, 300)).at[0, 100].set(9.0)
FRAMES = jnp.zeros((2, 300, 2))
OF_LABELS = {
    "crossentropy": lambda t, **o: losses.crossentropy(t, LOGITS, **o),
    "smoothed": lambda t, **o: losses.crossentropy(t, LOGITS, label_smoothing=0.1, **o),
    "linear": lambda t, **o: losses.linear_crossentropy(t, LOGITS, kernel=jnp.eye(300), **o),
    "multiclass_hinge": lambda t: losses.multiclass_hinge(t, LOGITS),
    "ctc": lambda t: losses.ctc(t[None], LOGITS[None].repeat(150, 1)),
    "lengths": lambda t: losses.ctc(jnp.ones((2, 1), int), FRAMES, preds_length=t),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("loss", OF_LABELS)
def test_labels_of_few_bits_may_have_more_classes_than_these_bits(loss, dtype):
    f = jax.jit(OF_LABELS[loss])
    expected = f(LABELS)
    assert jnp.isfinite(expected).all()
    np.testing.assert_array_equal(f(LABELS.astype(dtype)), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.uint32])
@pytest.mark.parametrize("loss", ["crossentropy", "smoothed", "linear"])
def test_ignored_labels_that_a_dtype_does_not_hold_are_no_others(loss, dtype):
    f, expected = OF_LABELS[loss], OF_LABELS[loss](LABELS)
    labels = LABELS.astype(dtype)
    for ignored in (100 - 2**8, 100 - 2**16, 100 - 2**32, 100 + 2**8, 100 + 2**32):
        np.testing.assert_array_equal(f(labels, ignore_index=ignored), expected)
    assert f(labels, ignore_index=100).tolist() == [0, expected[1]]


def test_the_largest_integer_may_be_ignored():
    target = np.array([2**32 - 1, 3], np.uint32)
    assert losses.crossentropy(target, LOGITS, ignore_index=2**32 - 1)[0] == 0


A, B = jnp.array([2**24 + 1, 2**24 + 3]), jnp.full(2, 2**24)
PAIRS = {
    "squared_error": (lambda a, b: losses.squared_error(a, b), [1, 9]),
    "margin_ranking": (lambda a, b: losses.margin_ranking(jnp.ones(2), b, other=a), [1, 3]),
    "gaussian_nll": (lambda a, b: losses.gaussian_nll(a, b, var=jnp.ones(2)), [0.5, 4.5]),
    "triplet_margin": (
        lambda a, b: losses.triplet_margin(a[:, None], b[:, None], negative=a[:, None], margin=0),
        [1, 3],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_integers_are_subtracted_before_they_are_rounded(name):
    loss, expected = PAIRS[name]
    assert loss(A, B).tolist() == jax.jit(loss)(A, B).tolist() == expected
    assert loss(np.asarray(A), np.asarray(B)).tolist() == expected


@pytest.mark.slow
def test_boxes_of_integers_that_would_be_rounded_are_refused():
    box = 2**24 + jnp.array([0, 0, 4, 4])
    assert losses.iou(box, box) == losses.iou(np.asarray(box), np.asarray(box)) == 0
    with pytest.raises(ValueError, match="preds holds boxes with integers that float32 would"):
        losses.iou(box, box + 1)
    assert jnp.isnan(jax.jit(losses.iou)(box, box + 1))
    assert losses.iou(box - 2**24, box - 2**24 + 2) == pytest.approx(1 - 4 / 28)


@pytest.mark.parametrize("kind", [jnp.asarray, np.asarray, np.int64])
@pytest.mark.parametrize(
    ("box_format", "exact", "rounded"),
    [
        ("xywh", [2**24, 0, 4, 4], [2**24, 0, 3, 4]),
        ("xywh", [3, 0, 2**24 - 4, 4], [3, 0, 2**24, 4]),
        ("cxcywh", [2**24 - 2, 0, 4, 4], [2**24 - 2, 0, 3, 4]),
        ("cxcywh", [-(2**24) + 2, 0, 4, 4], [-(2**24) + 2, 0, 3, 4]),
    ],
)
def test_boxes_of_integers_whose_corners_would_be_rounded_are_refused(
    box_format, exact, rounded, kind
):
    exact, rounded = (kind(np.array(box, np.int32)) for box in (exact, rounded))
    assert losses.iou(exact, exact, box_format=box_format) == 0
    with pytest.raises(ValueError, match="whose corners it would round"):
        losses.iou(exact, rounded, box_format=box_format)
    compiled = jax.jit(losses.iou, static_argnames="box_format")
    assert jnp.isnan(compiled(exact, rounded, box_format=box_format))


@pytest.mark.parametrize("mask", [None, np.ones(2, bool), jnp.ones(2, bool)])
@pytest.mark.parametrize("loss", [losses.MeanAbsoluteError(), losses.Quantile(q=0.0)])
def test_numbers_are_right(loss, mask):
    preds = np.array([WIDE, WIDE + 2**20])
    assert loss(target=np.full(2, WIDE), preds=preds, mask=mask) == 2**19
