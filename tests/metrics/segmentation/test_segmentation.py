"""Options of metrics of regions; their values are compared in the cases."""

import jax
import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt, distance_transform_edt

import jax_metrics as jm
from jax_metrics.metrics.segmentation._hausdorff_distance import distance_transform

METRICS = jm.metrics
ONE = {"target": np.zeros((1, 4, 4), int), "preds": np.zeros((1, 4, 4), int)}


@pytest.mark.parametrize("metric", ["euclidean", "chessboard", "taxicab"])
def test_distances_to_the_nearest_pixel(metric):
    pixels = np.random.default_rng(0).random((2, 3, 5, 6)) < 0.1
    pixels[:, :, 2, 2] = True
    found = distance_transform(pixels, metric, (1.0, 1.0))
    for index in np.ndindex(2, 3):
        outside = ~pixels[index]
        if metric == "euclidean":
            expected = distance_transform_edt(outside)
        else:
            expected = distance_transform_cdt(outside, metric)
        np.testing.assert_allclose(found[index], expected, rtol=1e-6)


@pytest.mark.parametrize("metric", ["euclidean", "chessboard", "taxicab"])
@pytest.mark.parametrize("unit", [1e-30, 1e-22, 3.0, 1e22, 1e36])
def test_hausdorff_in_any_unit(metric, unit):
    target, preds = np.zeros((2, 1, 8, 8), int)
    target[0, 1:3, 1:3] = preds[0, 3:6, 1:6] = 1
    options = {"num_classes": 2, "distance_metric": metric}
    expected = METRICS.hausdorff_distance(target, preds, **options, spacing=(1, 0.5))
    found = METRICS.hausdorff_distance(target, preds, **options, spacing=(unit, unit / 2))
    np.testing.assert_allclose(found / unit, expected, rtol=1e-6)
    along = np.roll(target, 2, axis=2)  # along the axis of the smaller step only
    found = METRICS.hausdorff_distance(target, along, **options, spacing=(1e22, 1e-4))
    np.testing.assert_allclose(found, 2e-4, rtol=1e-6)


@pytest.mark.slow
def test_hausdorff_of_empty_and_of_solid_regions():
    target, preds = np.zeros((1, 6, 6, 6), int), np.zeros((1, 6, 6, 6), int)
    target[0, 1:3, 1:3, 1:3] = preds[0, 1:3, 1:3, 1:6] = 1
    distance = METRICS.hausdorff_distance
    assert distance(target, preds, num_classes=2) == 3  # of three axes
    assert distance(preds, target, num_classes=2, directed=True) == 0
    assert distance(target, preds, num_classes=2, directed=True) == 3
    assert np.isinf(distance(target, 0 * preds, num_classes=2))
    assert np.isnan(distance(0 * target, 0 * preds, num_classes=2))
    assert distance(target, preds) == 3  # a single region
    assert distance(target[..., None], preds[..., None], num_labels=1) == 3


@pytest.mark.slow
@pytest.mark.parametrize("weight_type", ["square", "simple", "linear"])
def test_generalized_dice_of_absent_classes(weight_type):
    target, preds = np.array([[0, 0, 1, 1], [0, 0, 0, 0]]), np.array([[0, 1, 1, 2], [0, 0, 2, 2]])
    expected = []
    for t, p in zip(target, preds, strict=True):
        size, found = (np.bincount(x, minlength=3) for x in (t, p))
        common = np.bincount(t[t == p], minlength=3)
        power = {"square": 2, "simple": 1, "linear": 0}[weight_type]
        weight = np.where(size > 0, 1 / np.maximum(size, 1.0) ** power, 0)
        weight = np.where(size > 0, weight, weight.max())
        expected.append(2 * (weight * common).sum() / (weight * (size + found)).sum())
    value = METRICS.generalized_dice_score(target, preds, num_classes=3, weight_type=weight_type)
    np.testing.assert_allclose(value, np.mean(expected), rtol=1e-6)


@pytest.mark.slow
def test_averages_over_samples():
    target, preds = np.array([[0, 0, 1, 1], [0, 0, 0, 0]]), np.array([[0, 1, 1, 1], [0, 0, 0, 0]])
    options = {"num_classes": 2, "aggregation_level": "samplewise"}
    each = METRICS.dice_score(target, preds, average=None, **options)
    np.testing.assert_allclose(each, [(2 / 3 + 1) / 2, 0.8], rtol=1e-6)
    micro = METRICS.dice_score(target, preds, average="micro", **options)
    np.testing.assert_allclose(micro, (0.75 + 1) / 2, rtol=1e-6)
    weighted = METRICS.dice_score(target, preds, average="weighted", **options)
    np.testing.assert_allclose(weighted, ((2 / 3 + 0.8) / 2 + 1) / 2, rtol=1e-6)
    binary = METRICS.dice_score(target, preds, aggregation_level="samplewise")
    np.testing.assert_allclose(binary, 0.8, rtol=1e-6)  # of the only sample with a region


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("DiceScore", {"aggregation_level": "batch"}, "aggregation_level must be one of"),
        ("MeanIoU", {"num_classes": 3, "target_class_ids": [3]}, "different classes from 0 to 2"),
        ("MeanIoU", {"num_classes": 3, "target_class_ids": []}, "at least one, but are"),
        (
            "MeanIoU",
            {"num_classes": 3, "target_class_ids": [1], "include_background": False},
            "either target_class_ids or include_background=False",
        ),
        ("OneHotMeanIoU", {}, "OneHotMeanIoU needs the number of classes, `num_classes`"),
        ("GeneralizedDiceScore", {"weight_type": "cubic"}, "weight_type must be one of"),
        ("HausdorffDistance", {"distance_metric": "cosine"}, "distance_metric must be one of"),
        *(
            ("HausdorffDistance", {"num_classes": 2, "spacing": wrong}, "along each axis, positive")
            for wrong in ((-1, 1), (1, 0), (1, np.inf), 2.0)
        ),
    ],
)
def test_mistakes_of_options(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(METRICS, name)(**options)


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (
            METRICS.HausdorffDistance(num_classes=2, spacing=(1,)),
            ONE,
            "one number for each of the 2 axes of pixels",
        ),
        (
            METRICS.GeneralizedDiceScore(num_classes=2),
            {"target": np.zeros(4, int), "preds": np.zeros(4, int)},
            r"axis of samples and one or more of pixels, but its shape is \[4\]",
        ),
        (
            METRICS.OneHotMeanIoU(num_classes=3),
            ONE,
            "target must have num_classes=3 values along the last axis",
        ),
    ],
)
def test_mistakes_of_shapes(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric.update(**arguments)


OTHERS = [METRICS.DiceScore, METRICS.GeneralizedDiceScore, METRICS.HausdorffDistance]


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize(
    "metric",
    [
        METRICS.MeanIoU,
        *(pytest.param(one, marks=pytest.mark.slow) for one in (*OTHERS, METRICS.Accuracy)),
    ],
)
def test_one_hot_arrays_are_no_labels(metric, axis):
    labels = np.random.default_rng(0).integers(0, 3, (2, 2, 4, 4))
    target, preds = (np.moveaxis(np.eye(3, dtype=int)[x], -1, axis) for x in labels)
    metric = metric(num_classes=3)
    with pytest.raises(ValueError, match=rf"look one-hot along axis {axis % 4}.*`target.argmax"):
        metric.update(target=target, preds=preds)
    assert np.isnan(jax.jit(lambda *both: METRICS.mean_iou(*both, num_classes=3))(target, preds))
    mask = np.zeros(target.shape, bool)
    mask[0, 0] = True  # too few examples to tell
    assert not np.isnan(metric(target=target, preds=preds, mask=mask))
    assert not np.isnan(metric(target=target * 2, preds=preds))
