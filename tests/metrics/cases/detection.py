"""Metrics of detected objects, against formulas that take one image after the other."""

import numpy as np

from jax_metrics.metrics import (
    CompleteIntersectionOverUnion,
    DistanceIntersectionOverUnion,
    GeneralizedIntersectionOverUnion,
    IntersectionOverUnion,
    MeanAveragePrecision,
    ModifiedPanopticQuality,
    PanopticQuality,
)

rng = np.random.default_rng(0)
# The last three take long to compile; their parts have tests of their own.
SIBLINGS = {
    CompleteIntersectionOverUnion,
    DistanceIntersectionOverUnion,
    GeneralizedIntersectionOverUnion,
    MeanAveragePrecision,
    ModifiedPanopticQuality,
    PanopticQuality,
}


def boxes(*shape):
    """Boxes in eighths, which 16 bits do not round."""
    corner = rng.integers(0, 32, (*shape, 2))
    return np.concatenate([corner, corner + rng.integers(4, 32, (*shape, 2))], -1) / 8


TRUE = {"boxes": boxes(8, 3), "labels": rng.integers(-1, 2, (8, 3))}
PREDICTED = {
    "boxes": np.concatenate([TRUE["boxes"] + np.array([0, 0, 0, 0.25]), boxes(8, 1)], 1),
    "labels": np.concatenate([TRUE["labels"], rng.integers(0, 2, (8, 1))], 1),
    "scores": rng.permutation(32).reshape(8, 4) / 32,
}
IMAGES = {"target": TRUE, "preds": PREDICTED}
NO_BOXES = {name: {"labels": value["labels"]} for name, value in IMAGES.items()}
BAD = [
    ({"target": {**TRUE, "labels": np.full((8, 3), 5)}}, ValueError, "labels outside of 0 to 1"),
    ({"target": NO_BOXES["target"]}, ValueError, "target needs 'boxes'; it has 'labels'"),
    ({"target": {**TRUE, "boxes": boxes(8, 2)}}, ValueError, "must begin with the shape of labels"),
    ({"target": {**TRUE, "labels": np.zeros(8, int)}}, ValueError, "must be [images, objects]"),
    ({"target": np.zeros((8, 3))}, TypeError, "target must be a dict of arrays, or a list"),
]


def iou(box, other):
    size = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    common = np.prod(np.maximum(size, 0))
    return common / (np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2]) - common)


def giou(box, other):
    common = np.prod(np.maximum(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0))
    union = np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2]) - common
    around = np.prod(np.maximum(box[2:], other[2:]) - np.minimum(box[:2], other[:2]))
    return common / union - (around - union) / around


def diou(box, other):
    around = np.maximum(box[2:], other[2:]) - np.minimum(box[:2], other[:2])
    centers = (box[:2] + box[2:] - other[:2] - other[2:]) / 2
    return iou(box, other) - (centers**2).sum() / (around**2).sum()


def ciou(box, other):
    angles = [np.arctan2(*(x[2:] - x[:2])) for x in (box, other)]
    v = 4 / np.pi**2 * (angles[0] - angles[1]) ** 2
    return diou(box, other) - v**2 / (1 - iou(box, other) + v)


def mean_overlap(overlap, per_class=False):
    def reference(target, preds):
        found = {0: [], 1: []}
        for image in range(8):
            for label, box in zip(target["labels"][image], target["boxes"][image], strict=True):
                for other_label, other in zip(
                    preds["labels"][image], preds["boxes"][image], strict=True
                ):
                    if label == other_label >= 0:
                        found[label].append(overlap(box, other))
        mean = np.mean(found[0] + found[1])
        if not per_class:
            return mean
        return {"iou": mean, "iou_per_class": np.array([np.mean(x) for x in found.values()])}

    return reference


def average_precision(target, preds):
    (half, half_recall), (most, most_recall) = (
        at_threshold(target, preds, threshold) for threshold in (0.5, 0.75)
    )
    return {
        "map": (half + most) / 2,
        "map_50": half,
        "map_75": most,
        "mar_100": (half_recall + most_recall) / 2,
    }


def at_threshold(target, preds, threshold):
    """The mean over the classes of the interpolated precision and of the recall."""
    values = []
    for label in (0, 1):
        taken = set()
        found = []
        order = np.argsort(-np.where(preds["labels"] == label, preds["scores"], -1), None)
        for image, k in zip(*np.unravel_index(order, (8, 4)), strict=True):
            if preds["labels"][image, k] != label:
                continue
            overlaps = {
                j: iou(target["boxes"][image, j], preds["boxes"][image, k])
                for j in range(3)
                if target["labels"][image, j] == label and (image, j) not in taken
            }
            best = max(overlaps, key=overlaps.get, default=None)
            found.append(best is not None and overlaps[best] >= threshold)
            if found[-1]:
                taken.add((image, best))
        tp = np.cumsum(found)
        recall = tp / (target["labels"] == label).sum()
        precision = tp / np.arange(1, len(tp) + 1)
        at = [precision[recall >= r - 1e-12].max(initial=0) for r in np.linspace(0, 1, 101)]
        values.append((np.mean(at), recall[-1]))
    return np.mean(values, 0)


def segments(categories):
    """Pixels `[8, 6, 6, 2]` with a category and an instance, in blocks of four."""
    pixels = np.stack([rng.choice(categories, (8, 3, 3)), rng.integers(0, 2, (8, 3, 3))], -1)
    return pixels.repeat(2, 1).repeat(2, 2)


PIXELS = {"target": segments([0, 0, 3, 3, 9])}
PIXELS["preds"] = np.where(rng.random((8, 6, 6, 1)) < 0.25, [3, 0], PIXELS["target"])
PIXELS["preds"] = np.where(PIXELS["preds"] == 9, 0, PIXELS["preds"])
CATEGORIES = {"things": (0,), "stuffs": (3,)}


def quality(modified=False):
    def reference(target, preds):
        iou, counted = np.zeros(2), np.zeros(2)
        for true, predicted in zip(target.reshape(8, 36, 2), preds.reshape(8, 36, 2), strict=True):
            true, predicted = ([(c, i if c == 0 else 0) for c, i in x] for x in (true, predicted))
            void = np.array([c == 9 for c, _ in true])
            pixels = [
                {s: np.array([s == p for p in x]) for s in set(x) if s[0] != 9}
                for x in (true, predicted)
            ]
            matched = [set(), set()]
            for segment, mask in pixels[0].items():
                for other, found in pixels[1].items():
                    overlap = (mask & found).sum() / ((mask | found) & ~void).sum()
                    least = 0 if modified and segment[0] == 3 else 0.5
                    if segment[0] == other[0] and overlap > least:
                        iou[segment[0] // 3] += overlap
                        matched[0].add(segment)
                        matched[1].add(other)
            for segment in pixels[0]:
                right = segment in matched[0] or (modified and segment[0] == 3)
                counted[segment[0] // 3] += 1 if right else 0.5
            for other, found in pixels[1].items():
                wrong = other not in matched[1] and (found & void).sum() <= found.sum() / 2
                counted[other[0] // 3] += 0.5 * (wrong and not (modified and other[0] == 3))
        return np.mean(iou / counted)

    return reference


UNKNOWN = [
    ({"preds": np.full((8, 6, 6, 2), 7)}, ValueError, "preds have categories that are neither"),
    ({"preds": np.zeros((8, 6, 6, 3), int)}, ValueError, "must be [images, ..., 2]"),
]


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        **options,
    }


CASES = [
    case(
        IntersectionOverUnion(num_classes=2, class_metrics=True),
        IMAGES,
        mean_overlap(iou, per_class=True),
        BAD,
    ),
    case(GeneralizedIntersectionOverUnion(), IMAGES, mean_overlap(giou)),
    case(DistanceIntersectionOverUnion(), IMAGES, mean_overlap(diou)),
    case(CompleteIntersectionOverUnion(), IMAGES, mean_overlap(ciou)),
    case(
        MeanAveragePrecision(
            num_classes=2,
            capacity=40,
            iou_thresholds=[0.5, 0.75],
            max_detection_thresholds=[100],
            area_ranges={"all": (0, 1e10)},
        ),
        IMAGES,
        average_precision,
        [*BAD, ({"preds": {**PREDICTED, "scores": np.full((8, 4), np.nan)}}, ValueError, "NaN")],
    ),
    case(PanopticQuality(**CATEGORIES), PIXELS, quality(), UNKNOWN),
    case(ModifiedPanopticQuality(**CATEGORIES), PIXELS, quality(modified=True)),
]
