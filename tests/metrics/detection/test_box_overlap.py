"""The overlaps of boxes against their formulas in float64, and pycocotools."""

import numpy as np
import pytest

from jax_metrics import metrics as jm
from jax_metrics.metrics.detection._near_zero import images_near_zero

rng = np.random.default_rng(0)


def boxes(count):
    corner = rng.uniform(0, 20, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.5, 15, (count, 2))], -1)


TARGET, PREDS = boxes(7), boxes(5)
PREDS[0], PREDS[1] = TARGET[0], TARGET[1] + 100  # equal, and far away
FUNCTIONS = {
    "iou": jm.intersection_over_union,
    "giou": jm.generalized_intersection_over_union,
    "diou": jm.distance_intersection_over_union,
    "ciou": jm.complete_intersection_over_union,
}


def expected(kind, p, t):
    """One pair of boxes, corner by corner."""
    common = np.maximum(np.minimum(p[2:], t[2:]) - np.maximum(p[:2], t[:2]), 0).prod()
    union = (p[2:] - p[:2]).prod() + (t[2:] - t[:2]).prod() - common
    iou = common / union
    hull = np.maximum(p[2:], t[2:]) - np.minimum(p[:2], t[:2])
    if kind == "iou":
        return iou
    if kind == "giou":
        return iou - (hull.prod() - union) / hull.prod()
    distance = ((p[:2] + p[2:] - t[:2] - t[2:]) ** 2).sum() / 4
    diou = iou - distance / (hull**2).sum()
    if kind == "diou":
        return diou
    angles = [np.arctan((b[2] - b[0]) / (b[3] - b[1])) for b in (p, t)]
    v = 4 / np.pi**2 * (angles[0] - angles[1]) ** 2
    return diou - (v / (1 - iou + v) * v if v else 0)


def converted(boxes, form):
    corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    first = {"xyxy": corner, "xywh": corner, "cxcywh": corner + size / 2}[form]
    return np.concatenate([first, boxes[:, 2:] if form == "xyxy" else size], -1)


@pytest.mark.parametrize("form", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_pairs_of_boxes(kind, form):
    known = [[expected(kind, p, t) for t in TARGET] for p in PREDS]
    given = (np.float32(converted(x, form)) for x in (TARGET, PREDS))
    found = FUNCTIONS[kind](*given, box_format=form, aggregate=False)
    np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-5)


def test_the_overlap_of_pycocotools():
    mask = pytest.importorskip("pycocotools.mask")
    known = mask.iou(*(converted(x, "xywh") for x in (PREDS, TARGET)), [0] * len(TARGET))
    found = jm.intersection_over_union(np.float32(TARGET), np.float32(PREDS), aggregate=False)
    np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x.tolist()])
def test_boxes_of_64_bits_far_from_zero(change):
    known = [[expected("iou", p, t) for t in TARGET] for p in PREDS]
    offset = np.array([500_000.1, 4_500_000.3] * 2)
    target, preds = TARGET + offset, PREDS + offset
    found = jm.intersection_over_union(change(target), change(preds), aggregate=False)
    np.testing.assert_allclose(found, known, rtol=1e-5, atol=1e-6)


def test_images_of_64_bits_far_from_zero():
    offset = np.array([500_000.1, 4_500_000.3] * 2)
    labels = np.array([[1, 1, -1]])
    target = {"boxes": np.where([[[1], [1], [0]]], TARGET[:3] + offset, 0), "labels": labels}
    preds = {"boxes": np.where([[[1], [1], [0]]], PREDS[:3] + offset, 0), "labels": labels}
    known = np.mean([[expected("iou", p, t) for t in TARGET[:2]] for p in PREDS[:2]])
    metric = jm.IntersectionOverUnion()
    np.testing.assert_allclose(metric(target=target, preds=preds), known, rtol=1e-5)
    lists = [[{k: x[0, :2] for k, x in one.items()}] for one in (target, preds)]
    np.testing.assert_allclose(metric(target=lists[0], preds=lists[1]), known, rtol=1e-5)


@pytest.mark.parametrize("box_format", ["xyxy", "xywh"])
def test_coordinates_of_64_bits_relative_to_a_corner(box_format):
    offset = np.array([500_000.1, 4_500_000.3])
    size = TARGET[:4, 2:] - TARGET[:4, :2]
    form = np.concatenate([TARGET[:4, :2], size if box_format == "xywh" else TARGET[:4, 2:]], -1)
    far = form + np.concatenate([offset, offset * (box_format == "xyxy")])
    points = np.concatenate([rng.uniform(0, 20, (4, 5, 2)), np.ones((4, 5, 1))], -1)
    labels = np.array([[0, 1], [2, -1]])
    target = {"boxes": far.reshape(2, 2, 4), "labels": labels}
    target["keypoints"] = (points + np.array([*offset, 0])).reshape(2, 2, 5, 3)
    preds = {"keypoints": target["keypoints"][..., :2], "labels": labels}
    both = images_near_zero({"keypoints": target}, {"keypoints": preds}, box_format)
    moved, others = (one["keypoints"] for one in both)
    lowest = np.stack([TARGET[:2, :2].min(0), TARGET[2, :2]])[:, None]
    shift = np.concatenate([lowest, lowest * (box_format == "xyxy")], -1)
    np.testing.assert_allclose(moved["boxes"], form.reshape(2, 2, 4) - shift, atol=1e-8)
    position = points[..., :2].reshape(2, 2, 5, 2) - lowest[:, None]
    np.testing.assert_allclose(moved["keypoints"][..., :2], position, atol=1e-8)
    np.testing.assert_allclose(others["keypoints"], position, atol=1e-8)
    assert (moved["keypoints"][..., 2] == 1).all()
    exact = {"boxes": np.float32(far).reshape(2, 2, 4), "labels": labels}
    assert images_near_zero(exact, exact, box_format)[0] is exact
