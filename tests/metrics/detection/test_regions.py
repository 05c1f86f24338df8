"""Masks and keypoints, and the summaries of mean average precision."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics.detection._overlap import (
    box_overlap,
    keypoint_overlap,
    mask_overlap,
)

rng = np.random.default_rng(0)
TARGET_MASKS, MASKS = rng.random((2, 3, 6, 5)) < 0.6, rng.random((2, 4, 6, 5)) < 0.6
CROWD = np.array([[False, True, False], [False, False, False]])


def test_the_overlap_of_masks():
    found, area, other = jax.jit(mask_overlap)({"masks": TARGET_MASKS}, {"masks": MASKS}, CROWD)
    common = (MASKS[:, :, None] & TARGET_MASKS[:, None]).sum((3, 4))
    union = (MASKS[:, :, None] | TARGET_MASKS[:, None]).sum((3, 4))
    union = np.where(CROWD[:, None], MASKS.sum((2, 3))[..., None], union)
    np.testing.assert_allclose(found, common / union, rtol=1e-6)
    np.testing.assert_array_equal(area, TARGET_MASKS.sum((2, 3)))
    np.testing.assert_array_equal(other, MASKS.sum((2, 3)))


def similarity(keypoints, box, area, other, sigmas):
    """The similarity of keypoints of one object and one prediction."""
    x, y, visible = keypoints.T
    if not (visible > 0).any():  # the distance to a box twice as large
        x1, y1, x2, y2 = box
        low, high = np.array([2 * x1 - x2, 2 * y1 - y2]), np.array([2 * x2 - x1, 2 * y2 - y1])
        offset = np.maximum(low - other, 0) + np.maximum(other - high, 0)
        visible = np.ones(len(x))
    else:
        offset = other - np.stack([x, y], -1)
    values = np.exp(-(offset**2).sum(-1) / (8 * sigmas**2 * area))
    return values[visible > 0].mean()


@pytest.mark.slow
def test_the_similarity_of_keypoints():
    sigmas = np.array([0.3, 0.5, 0.2])
    keypoints = rng.uniform(0, 10, (2, 3, 3, 3))
    keypoints[..., 2] = [[[1, 0, 2], [0, 0, 0], [2, 2, 2]], [[0, 1, 0], [1, 1, 1], [0, 0, 0]]]
    corner = rng.uniform(0, 2, (2, 3, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 8, (2, 3, 2))], -1)
    given = np.array([[0, 9.0, 25.0], [16.0, 0, 4.0]])
    area = np.where(given > 0, given, np.prod(boxes[..., 2:] - boxes[..., :2], -1))
    preds = rng.uniform(0, 12, (2, 4, 3, 2))
    target = {"keypoints": keypoints, "boxes": boxes, "area": given}
    found, found_area, extent = keypoint_overlap(
        target, {"keypoints": preds}, np.float32(sigmas), "xyxy"
    )
    expected = [
        [
            [similarity(keypoints[i, j], boxes[i, j], area[i, j], p, sigmas) for j in range(3)]
            for p in preds[i]
        ]
        for i in range(2)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found_area, area, rtol=1e-6)
    np.testing.assert_allclose(extent, np.prod(np.ptp(preds, axis=2), -1), rtol=1e-5)


UNITS = np.float32([1, 2**-120, 2**-80, 2**64, 2**120])[:, None, None]


@pytest.mark.slow
def test_units_of_boxes_do_not_matter():
    target = {"boxes": np.float32([[0, 0, 4, 4], [1, 0, 3, 4], [5, 5, 5, 5]]) * UNITS}
    preds = {"boxes": np.float32([[0, 0, 4, 2], [5, 5, 6, 6]]) * UNITS}
    crowd = np.array([[False, True, False]] * len(UNITS))
    found, area, _ = box_overlap(target, preds, crowd, "xyxy")
    np.testing.assert_array_equal(found, [[[0.5, 0.5, 0], [0, 0, 0]]] * len(UNITS))
    np.testing.assert_array_equal(area[0], [16, 8, 0])


@pytest.mark.slow
def test_units_of_keypoints_do_not_matter():
    unit = np.where([True, True, False], UNITS[..., None], np.float32(1))  # not of visibility
    keypoints = np.float32([[[1, 1, 2], [2, 3, 2]], [[0, 0, 0], [0, 0, 0]]]) * unit
    point = np.float32([[[1, 2], [2, 3]], [[5, 9], [2, 2]]]) * unit[..., :2]
    boxes = np.float32([[0, 0, 4, 4], [1, 1, 2, 3]]) * UNITS
    target = {"keypoints": keypoints, "boxes": boxes}
    found, *_ = keypoint_overlap(target, {"keypoints": point}, np.float32([0.2, 0.4]), "xyxy")
    assert 0.4 < found[0, 0, 0] < 1 and 0.4 < found[0, 1, 1] < 0.6
    np.testing.assert_allclose(found, found[:1].repeat(len(UNITS), 0), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-25, 1e25])
def test_mean_average_precision_in_any_unit(unit):
    box = np.float32([[0, 0, 4, 4]]) * np.float32(unit)
    image = {"boxes": box, "labels": [0], "scores": [0.5]}
    areas = {"all": (0, np.inf)}
    metric = jm.metrics.MeanAveragePrecision(num_classes=2, capacity=8, area_ranges=areas)
    assert metric(target=[image], preds=[image])["map"] == 1


def test_mistakes_of_shapes():
    with pytest.raises(ValueError, match=r"one height and width .* got \[2, 3, 6, 5\] and"):
        mask_overlap({"masks": TARGET_MASKS}, {"masks": MASKS[..., :4]}, CROWD)
    with pytest.raises(ValueError, match=r"keypoints must be \[images, objects, 2, 3\]"):
        keypoint_overlap(
            {"keypoints": np.zeros((1, 1, 3, 3)), "boxes": np.zeros((1, 1, 4))},
            {"keypoints": np.zeros((1, 1, 2, 3))},
            np.ones(2, np.float32),
            "xyxy",
        )


@pytest.mark.slow
def test_summaries():
    labels = {"labels": np.array([[0, 1, 2], [2, 0, -1]]), "iscrowd": CROWD}
    target = {**labels, "masks": TARGET_MASKS}
    preds = {
        "masks": np.concatenate([TARGET_MASKS, MASKS[:, :1]], 1),
        "labels": np.array([[0, 1, 1, 0], [2, 0, 1, 2]]),
        "scores": np.array([[0.9, 0.5, 0.4, 0.8], [0.7, 0.6, 0.3, 0.2]]),
    }
    options = {"num_classes": 4, "iou_type": "segm", "area_ranges": {"all": (0, 1e9)}}
    value = jm.metrics.mean_average_precision(
        target, preds, class_metrics=True, extended_summary=True, **options
    )
    assert value["precision"].shape == value["scores"].shape == (10, 101, 4, 1)
    assert value["recall"].shape == (10, 4, 1, 3)
    each = np.asarray(value["map_per_class"])
    np.testing.assert_allclose(np.nanmean(each), value["map"], rtol=1e-6)
    # Class 3 has no objects, and the only object of class 1 is a crowd.
    assert np.isnan(each).tolist() == [False, True, False, True]
    assert value["mar_100_per_class"].shape == (4,)
    together = jm.metrics.mean_average_precision(target, preds, average="micro", **options)
    alone = {
        name: {**x, "labels": np.minimum(x["labels"], 0)}
        for name, x in (("target", target), ("preds", preds))
    }
    expected = jm.metrics.mean_average_precision(**alone, **{**options, "num_classes": 1})
    np.testing.assert_allclose(together["map"], expected["map"], rtol=1e-6)


def images_with_masks(seed, scores):
    generator, images = np.random.default_rng(seed), []
    for _ in range(3):
        count = int(generator.integers(1, 4))
        corner, size = generator.integers(0, 9, (count, 2)), generator.integers(3, 7, (count, 2))
        masks = np.zeros((count, 16, 16), bool)
        for mask, (x, y), (width, height) in zip(masks, corner, size, strict=True):
            mask[y : y + height, x : x + width - 1] = True
        boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
        image = {"boxes": boxes, "masks": masks, "labels": generator.integers(0, 2, count)}
        images.append(image | ({"scores": generator.random(count)} if scores else {}))
    return images


@pytest.mark.slow
def test_several_kinds_of_overlap():
    kinds, options = ("bbox", "segm"), {"num_classes": 2, "area_ranges": {"all": (0, 1e9)}}
    target, preds = images_with_masks(0, False), images_with_masks(1, True)
    preds[0] = target[0] | {"scores": np.linspace(0.9, 0.5, len(target[0]["labels"]))}
    both = jm.metrics.mean_average_precision(target, preds, iou_type=kinds, **options)
    alone = {
        f"{kind}_{name}": value
        for kind in kinds
        for name, value in jm.metrics.mean_average_precision(
            target, preds, iou_type=kind, **options
        ).items()
    }
    assert both.keys() == alone.keys()
    for name, value in alone.items():
        np.testing.assert_array_equal(both[name], value)
    parts = []
    for part in (slice(0, 1), slice(1, 3)):
        metric = jm.metrics.MeanAveragePrecision(iou_type=kinds, capacity=32, **options)
        parts.append(metric.update(target=target[part], preds=preds[part]))
    merged = parts[0].merge_state(parts[1]).compute()
    np.testing.assert_allclose(merged["segm_map"], both["segm_map"], rtol=1e-6)
    assert merged["bbox_map"] == both["bbox_map"]
