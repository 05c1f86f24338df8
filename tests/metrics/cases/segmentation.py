"""Metrics of regions, against formulas that take one sample and one class after the other."""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt
from sklearn.metrics import f1_score, jaccard_score

from jax_metrics.metrics import (
    BinaryIoU,
    DiceScore,
    GeneralizedDiceScore,
    HausdorffDistance,
    IoU,
    MeanIoU,
    OneHotIoU,
    OneHotMeanIoU,
)

rng = np.random.default_rng(0)
CLASSES = {"target": rng.integers(0, 3, (8, 5, 6)), "preds": rng.integers(0, 3, (8, 5, 6))}
# Class 2 is in some samples only.
SOME = {name: np.where(np.arange(8)[:, None, None] % 3, x, x % 2) for name, x in CLASSES.items()}
MASKS = {name: rng.integers(0, 2, (8, 5, 6, 2)) for name in ("target", "preds")}
SCORES = {"target": MASKS["target"][..., 0], "preds": rng.integers(1, 64, (8, 5, 6)) / 64}
ONE_HOT = {"target": np.eye(3)[CLASSES["target"]], "preds": rng.normal(size=(8, 5, 6, 3))}
BAD = [
    ({"target": np.full((8, 5, 6), 9)}, ValueError, "target has labels outside of 0 to 2"),
    ({"preds": np.zeros((8, 6, 5))}, ValueError, "do not fit a target of shape (8, 5, 6)"),
]
SIBLINGS = {
    BinaryIoU,
    GeneralizedDiceScore,
    HausdorffDistance,
    IoU,
    MeanIoU,
    OneHotIoU,
    OneHotMeanIoU,
}


def together(score, **options):
    def reference(target, preds, sample_weight=None):
        if sample_weight is not None:
            sample_weight = np.broadcast_to(sample_weight[:, None, None], target.shape).ravel()
        return score(target.ravel(), preds.ravel(), sample_weight=sample_weight, **options)

    return reference


def one_hot(score, **options):
    def reference(target, preds):
        return together(score, **options)(target.argmax(-1), preds.argmax(-1))

    return reference


def regions(labels, classes=range(3)):
    return np.stack([labels == index for index in classes], 1)


def mean_over_samples(values, sample_weight):
    """The mean of values `[samples, ...]`, leaving out NaN."""
    weight = np.ones(8) if sample_weight is None else sample_weight
    mean = np.ma.average(np.ma.masked_invalid(values), axis=0, weights=weight)
    return np.ma.filled(mean, np.nan)


def dice_of_classes(target, preds, sample_weight=None):
    target, preds = regions(target), regions(preds)
    both = target.sum((2, 3)) + preds.sum((2, 3))
    with np.errstate(invalid="ignore"):
        return mean_over_samples(2 * (target & preds).sum((2, 3)) / both, sample_weight)


def iou_of_samples(target, preds, sample_weight=None):
    target, preds = regions(target), regions(preds)
    with np.errstate(invalid="ignore"):
        iou = (target & preds).sum((2, 3)) / (target | preds).sum((2, 3))
    return mean_over_samples(np.nanmean(iou[:, 1:], -1), sample_weight)


def generalized(target, preds, sample_weight=None):
    target, preds = (np.moveaxis(x == 1, -1, 1) for x in (target, preds))
    size = target.sum((2, 3))
    weight = 1 / size**2.0
    common = 2 * (weight * (target & preds).sum((2, 3))).sum(-1)
    score = common / (weight * (size + preds.sum((2, 3)))).sum(-1)
    return np.average(score, weights=sample_weight)


def furthest(region, other):
    edges = [x ^ binary_erosion(x) for x in (region, other)]
    return distance_transform_edt(~edges[1], sampling=(1, 2))[edges[0]].max()


def hausdorff(target, preds, sample_weight=None):
    pairs = zip(regions(target, (1, 2)), regions(preds, (1, 2)), strict=True)
    distance = [
        [max(furthest(t, p), furthest(p, t)) for t, p in zip(*x, strict=True)] for x in pairs
    ]
    return np.average(np.mean(distance, -1), weights=sample_weight)


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
        DiceScore(num_classes=3, average=None, aggregation_level="samplewise"),
        SOME,
        dice_of_classes,
        [*BAD, ({"sample_weight": np.ones((8, 5))}, ValueError, "one number for each sample")],
    ),
    case(DiceScore(num_classes=3), CLASSES, together(f1_score, average="macro"), BAD),
    case(
        DiceScore(num_classes=3, include_background=False, average="micro"),
        CLASSES,
        together(f1_score, average="micro", labels=[1, 2]),
    ),
    case(GeneralizedDiceScore(num_labels=2), MASKS, generalized),
    case(
        MeanIoU(num_classes=3, include_background=False, aggregation_level="samplewise"),
        SOME,
        iou_of_samples,
        BAD,
    ),
    case(MeanIoU(num_classes=3), CLASSES, together(jaccard_score, average="macro"), BAD),
    case(
        IoU(num_classes=3, target_class_ids=[0, 2]),
        CLASSES,
        together(jaccard_score, average="macro", labels=[0, 2]),
    ),
    case(
        BinaryIoU(threshold=0.25),
        SCORES,
        lambda target, preds: jaccard_score(
            target.ravel(), preds.ravel() > 0.25, average="macro", labels=[0, 1]
        ),
    ),
    case(OneHotMeanIoU(num_classes=3), ONE_HOT, one_hot(jaccard_score, average="macro")),
    case(
        OneHotIoU(num_classes=3, target_class_ids=[1]),
        ONE_HOT,
        one_hot(jaccard_score, average="macro", labels=[1]),
    ),
    case(HausdorffDistance(num_classes=3, spacing=(1, 2)), CLASSES, hausdorff, BAD),
]
