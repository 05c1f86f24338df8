"""Metrics of detection against pycocotools, on generated images, and against TorchMetrics."""

import contextlib
import io

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

CLASSES = 3
NAMES = {
    "boxes": (
        *("map", "map_50", "map_75", "map_small", "map_medium", "map_large", "mar_1", "mar_10"),
        *("mar_100", "mar_small", "mar_medium", "mar_large"),
    ),
    "keypoints": (
        *("map", "map_50", "map_75", "map_medium", "map_large"),
        *("mar", "mar_50", "mar_75", "mar_medium", "mar_large"),
    ),
}
HEIGHT, WIDTH = 110, 130


@pytest.fixture
def coco():
    return pytest.importorskip("pycocotools.coco")


def generated(seed, images=12):
    """Images with objects of all sizes and crowds, and predictions with ties, misses and doubles.

    Coordinates and scores are rounded for even seeds, so that many overlaps and recalls lie on the
    thresholds.
    """
    rng = np.random.default_rng(seed)
    target, preds = [], []
    for _ in range(images):
        n, others = rng.integers(0, 8), rng.integers(0, 8)
        first = rng.uniform(0, 60, (n + others, 2))
        size = rng.uniform(3, 200 / rng.choice([1, 3, 8]), (n + others, 2))
        boxes = np.concatenate([first, size], 1)
        labels = rng.integers(0, CLASSES, n + others)
        near = boxes[:n] + 0.1 * rng.normal(size=(n, 4)) * boxes[:n, 2:].mean(1, keepdims=True)
        found = np.concatenate([near, boxes[n:], boxes[: n // 2]])
        found[:, 2:] = np.maximum(found[:, 2:], 1)
        scores = rng.random(len(found))
        if seed % 2 == 0:
            boxes, found, scores = np.round(boxes), np.round(found), np.round(scores, 1)
        area = boxes[:n, 2] * boxes[:n, 3] * rng.uniform(0.5, 1, n)
        target.append(
            {
                "boxes": boxes[:n].astype(np.float32),
                "labels": labels[:n],
                "iscrowd": (rng.random(n) < 0.15).astype(int),
                "area": area.astype(np.float32),
            }
        )
        preds.append(
            {
                "boxes": found.astype(np.float32),
                "labels": np.concatenate([labels, labels[: n // 2]]),
                "scores": scores.astype(np.float32),
            }
        )
    return target, preds


def with_masks(images, seed):
    """Images with noisy masks of the boxes, `[objects, height, width]`."""
    rng = np.random.default_rng(seed)
    result = []
    for image in images:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        x1, y1, w, h = (image["boxes"][:, i, None, None] for i in range(4))
        inside = (x >= x1) & (x < x1 + w) & (y >= y1) & (y < y1 + h)
        masks = inside & (rng.random(inside.shape) < 0.9)
        result.append({**image, "masks": masks})
    return result


def with_keypoints(target, preds, seed):
    """Images with 17 keypoints of each object, some not labelled, and predictions near them."""
    rng = np.random.default_rng(seed)
    target, preds = ([dict(image) for image in images] for images in (target, preds))
    for true, found in zip(target, preds, strict=True):
        points = []
        for image in (true, found):
            boxes = image["boxes"][:, None]
            places = boxes[..., :2] + rng.random((len(boxes), 17, 2)) * boxes[..., 2:]
            points.append(np.concatenate([places, np.ones((len(boxes), 17, 1))], -1))
        n = len(true["labels"])
        spread = 0.05 * np.sqrt(true["area"])[:, None, None]
        points[1][:n, :, :2] = points[0][..., :2] + spread * rng.normal(size=(n, 17, 2))
        visible = rng.integers(0, 3, (n, 17)) * (rng.random((n, 1)) < 0.8)
        points[0][..., 2] = visible
        true["keypoints"], found["keypoints"] = (x.astype(np.float32) for x in points)
    return target, preds


def encoded(mask):
    from pycocotools import mask as masks

    return masks.encode(np.asfortranarray(mask.astype(np.uint8)))


def evaluated(coco, target, preds, iou_type):
    """What pycocotools finds."""
    from pycocotools.cocoeval import COCOeval

    annotations, results = [], []
    for image, (true, found) in enumerate(zip(target, preds, strict=True)):
        for j, label in enumerate(true["labels"]):
            one = {
                "id": len(annotations) + 1,
                "image_id": image,
                "category_id": int(label),
                "bbox": true["boxes"][j].astype(float).tolist(),
                "area": float(true["area"][j]),
                "iscrowd": int(true["iscrowd"][j]),
            }
            if iou_type == "segm":
                one["segmentation"] = encoded(true["masks"][j])
            if iou_type == "keypoints":
                one["keypoints"] = true["keypoints"][j].astype(float).ravel().tolist()
                one["num_keypoints"] = int((true["keypoints"][j][:, 2] > 0).sum())
            annotations.append(one)
        for j, label in enumerate(found["labels"]):
            one = {"image_id": image, "category_id": int(label), "score": float(found["scores"][j])}
            if iou_type == "segm":
                one["segmentation"] = encoded(found["masks"][j])
            elif iou_type == "keypoints":
                one["keypoints"] = found["keypoints"][j].astype(float).ravel().tolist()
            else:
                one["bbox"] = found["boxes"][j].astype(float).tolist()
            results.append(one)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": i, "height": HEIGHT, "width": WIDTH} for i in range(len(target))],
            "annotations": annotations,
            "categories": [{"id": label} for label in range(CLASSES)],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def assert_equal(value, expected):
    """Compares values with NaN to those of pycocotools with -1, where there are no objects."""
    value = np.nan_to_num(np.asarray(value), nan=-1)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("box_format", ["xywh", "xyxy", "cxcywh"])
def test_boxes(coco, seed, box_format):
    target, preds = generated(seed)
    evaluation = evaluated(coco, target, preds, "bbox")
    metric = jm.MeanAveragePrecision(
        num_classes=CLASSES, capacity=1000, box_format=box_format, extended_summary=True
    )
    images = [[converted(image, box_format) for image in x] for x in (target, preds)]
    for part in (slice(0, 5), slice(5, None)):
        metric.update(target=images[0][part], preds=images[1][part])
    value = metric.compute()
    assert_equal([value[name] for name in NAMES["boxes"]], evaluation.stats)
    if box_format == "xywh":  # other formats round the boxes
        assert_equal(value["precision"], evaluation.eval["precision"][..., -1])
        assert_equal(value["recall"], evaluation.eval["recall"])


def converted(image, box_format):
    boxes = image["boxes"].astype(np.float64)
    first, size = boxes[:, :2], boxes[:, 2:]
    if box_format == "xyxy":
        boxes = np.concatenate([first, first + size], -1)
    elif box_format == "cxcywh":
        boxes = np.concatenate([first + size / 2, size], -1)
    return {**image, "boxes": boxes.astype(np.float32)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", ["pixels", "encodings", "text"])
def test_masks(coco, seed, form):
    target, preds = (with_masks(images, seed) for images in generated(seed, images=5))
    for image in target:
        image["area"] = image["masks"].sum((1, 2)).astype(np.float32)
    evaluation = evaluated(coco, target, preds, "segm")
    given = [[dict(image) for image in images] for images in (target, preds)]
    for images in given:
        for image in images:
            del image["boxes"]
            image.pop("area", None)  # that of the mask
            if form != "pixels":
                image["masks"] = [encoded(mask) for mask in image["masks"]]
            if form == "text":
                image["masks"] = [{**m, "counts": m["counts"].decode()} for m in image["masks"]]
    metric = jm.MeanAveragePrecision(num_classes=CLASSES, capacity=1000, iou_type="segm")
    value = metric(target=given[0], preds=given[1])
    assert_equal([value[name] for name in NAMES["boxes"]], evaluation.stats)


@pytest.mark.parametrize("seed", range(4))
def test_keypoints(coco, seed):
    target, preds = with_keypoints(*generated(seed), seed)
    evaluation = evaluated(coco, target, preds, "keypoints")
    metric = jm.MeanAveragePrecision(
        num_classes=CLASSES, capacity=1000, iou_type="keypoints", box_format="xywh"
    )
    value = metric(target=target, preds=preds)
    assert list(value) == list(NAMES["keypoints"])
    assert_equal(list(value.values()), evaluation.stats)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(40,), (12, 10)])
def test_panoptic_quality(seed, shape):
    torch = pytest.importorskip("torch")
    peer = pytest.importorskip("torchmetrics.functional.detection")
    rng = np.random.default_rng(seed)
    things, stuffs = (0, 1), (6, 7)
    target = np.stack([rng.choice([0, 1, 6, 7, 255], (3, *shape)), rng.integers(0, 2, (3, *shape))])
    target = np.moveaxis(target, 0, -1).repeat(4, 1)
    preds = np.where(rng.random((*target.shape[:-1], 1)) < 0.15, [1, 0], target)
    preds[preds[..., 0] == 255] = [6, 1]
    tensors = torch.tensor(preds), torch.tensor(target)
    categories = {"things": set(things), "stuffs": set(stuffs)}
    for options in ({}, {"return_sq_and_rq": True}):
        value = jm.panoptic_quality(target, preds, things=things, stuffs=stuffs, **options)
        expected = peer.panoptic_quality(*tensors, **categories, **options)
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        options["return_per_class"] = True
        value = jm.panoptic_quality(target, preds, things=things, stuffs=stuffs, **options)
        expected = peer.panoptic_quality(*tensors, **categories, **options)
        np.testing.assert_allclose(
            np.nan_to_num(np.asarray(value)), expected.reshape(value.shape), rtol=1e-5
        )
    value = jm.modified_panoptic_quality(target, preds, things=things, stuffs=stuffs)
    expected = peer.modified_panoptic_quality(*tensors, **categories)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


FUNCTIONS = (
    "intersection_over_union",
    "generalized_intersection_over_union",
    "distance_intersection_over_union",
    "complete_intersection_over_union",
)


@pytest.mark.parametrize("options", [{}, {"aggregate": False}, {"iou_threshold": 0.3}])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_overlap_of_boxes(name, options):
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    peer = pytest.importorskip("torchmetrics.functional.detection")
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 5, (2, 6, 2))
    target, preds = np.concatenate([first, first + rng.uniform(1, 8, (2, 6, 2))], -1)
    expected = getattr(peer, name)(torch.tensor(preds), torch.tensor(target), **options)
    np.testing.assert_allclose(
        getattr(jm, name)(target, preds, **options), expected, rtol=1e-5, atol=1e-6
    )
