"""The overlaps of boxes against their formulas in float64, and pycocotools."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

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
