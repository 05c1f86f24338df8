"""Mean average precision and recall of detected objects, as COCO defines them."""

import functools
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Unpack, cast

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import as_float, one_of, refuse_misfit
from jax_metrics.losses.detection import BOX_FORMATS, as_corners
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.counts import bincount
from jax_metrics.metrics.detection._coco_options import (
    Areas,
    check_increasing,
    fractions,
    lowest_matches,
    maximums,
    ranges_of_areas,
)
from jax_metrics.metrics.detection._detections import DetectionState
from jax_metrics.metrics.detection._images import KEYS, padded_inputs
from jax_metrics.metrics.detection._matching import match, rank_in_class
from jax_metrics.metrics.detection._object_metric import ObjectMetric
from jax_metrics.metrics.detection._objects import (
    labels_of_objects,
    rule_of_boxes,
    rule_of_keypoints,
    rule_of_masks,
)
from jax_metrics.metrics.detection._overlap import (
    COCO_SIGMAS,
    box_overlap,
    keypoint_overlap,
    mask_overlap,
    target_area,
)
from jax_metrics.metrics.detection._precision_curves import curves
from jax_metrics.metrics.inputs import rule_of_repetitions

_AREAS: Areas = {
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
_IOU_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
_RECALLS = tuple(np.linspace(0, 1, 101).tolist())


class MeanAveragePrecision(ObjectMetric):
    """The mean average precision (mAP) and recall (mAR) of detected objects, as in COCO.

    The value is a dict: `map`, the average precision, averaged over classes and over thresholds of
    the overlap; `map_50` and `map_75`, at these thresholds; `map_small`, `map_medium` and
    `map_large`, for objects in a range of areas; `mar_1`, `mar_10` and `mar_100`, the mean recall
    with at most that many detections per class and image; and `mar_small`, `mar_medium` and
    `mar_large`. For keypoints they are `map`, `map_50`, `map_75`, `map_medium`, `map_large`, and
    `mar`, `mar_50` and so on. NaN where there are no objects.

    `target` and `preds` are dicts of arrays `[images, objects, ...]`, padded with objects of the
    label -1; or lists of dicts of arrays `[objects, ...]`, one for each image, which are padded on
    the host; a list with a value for each object is stacked. `mask` excludes images.
    `sample_weight` says how often each image counts, in whole numbers; detections of one image with
    equal scores are counted together then.

    - `labels`: integers from 0 to `num_classes - 1`.
    - `scores`, of the predictions.
    - `boxes`: `[..., 4]`, finite, of sizes that are not negative; or `masks` of 0 and 1, `[...,
      height, width]`, in a list also COCO run-length encodings; or `keypoints`, `[..., keypoints,
      3]` as `(x, y, visibility)`, which need the `boxes` of the targets.
    - `iscrowd`, of the targets: 1 for crowds, in which any number of predictions is ignored.
    - `area`, of the targets: by default the area of the box or mask.

    Args:
        num_classes: Number of classes.
        capacity: The maximum number of detections to keep, where each class of an image has at most
            the largest of `max_detection_thresholds`. With more detections the value is NaN. The
            function determines it itself.
        box_format: `"xyxy"`, `"xywh"` or `"cxcywh"`.
        iou_type: What the overlap is computed from: `"bbox"`, `"segm"` or `"keypoints"`; or several
            of them as a tuple, each with its own state and with values named `bbox_map` and so on.
        iou_thresholds: The minimum overlaps of a correct detection; by default 0.5, 0.55, ...,
            0.95.
        rec_thresholds: The recalls at which precision is read; by default 0, 0.01, ..., 1.
        max_detection_thresholds: The maximum numbers of detections per class and image, of the
            highest scores; by default 1, 10 and 100, for keypoints 20.
        area_ranges: The lowest and the highest area by name; the first range is for all objects.
        sigmas: The spread of each keypoint relative to the size of the object; by default those of
            the 17 keypoints of COCO.
        average: `"macro"`, the mean over classes, or `"micro"`, which ignores the labels.
        class_metrics: Whether to add `map_per_class` and `mar_100_per_class`, `[num_classes]`.
        extended_summary: Whether to add `precision` and `scores`, `[thresholds, recalls, classes,
            areas]`, and `recall`, `[thresholds, classes, areas, max_detections]`.
        **options: See `Metric`.

    Source: Lin et al., Microsoft COCO, https://arxiv.org/abs/1405.0312, 2014, and pycocotools.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = [{"boxes": jnp.array([[0.0, 0, 10, 10]]), "labels": jnp.array([0])}]
        >>> preds = [
        ...     {
        ...         "boxes": jnp.array([[0.0, 0, 10, 8]]),
        ...         "labels": jnp.array([0]),
        ...         "scores": jnp.array([0.9]),
        ...     }
        ... ]
        >>> metric = jm.metrics.MeanAveragePrecision(num_classes=1, capacity=1000)
        >>> value = metric(target=target, preds=preds)
        >>> round(float(value["map"]), 4), float(value["map_75"])
        (0.7, 1.0)
        >>> value = jm.metrics.mean_average_precision(target, preds, num_classes=1)
        >>> round(float(value["map"]), 4)
        0.7
    """

    higher_is_better = True
    bounds = (0, 1)
    detections: DetectionState | None
    parts: dict[str, Any]

    def __init__(
        self,
        *,
        num_classes: int,
        capacity: int,
        box_format: str = "xyxy",
        iou_type: str | Sequence[str] = "bbox",
        iou_thresholds: Sequence[float] | None = None,
        rec_thresholds: Sequence[float] | None = None,
        max_detection_thresholds: Sequence[int] | None = None,
        area_ranges: Areas | None = None,
        sigmas: Sequence[float] = COCO_SIGMAS,
        average: str = "macro",
        class_metrics: bool = False,
        extended_summary: bool = False,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        shared = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "__class__", "iou_type", "options")
        }
        one_of("box_format", box_format, BOX_FORMATS)
        kinds = (iou_type,) if isinstance(iou_type, str) else tuple(iou_type)
        for kind in kinds:
            one_of("iou_type", kind, tuple(KEYS))
        if not kinds or len(set(kinds)) < len(kinds):
            raise ValueError(f"iou_type must be different kinds of overlap, but is {kinds}.")
        one_of("average", average, ("macro", "micro"))
        if num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, but is {num_classes}.")
        if average == "micro" and class_metrics:
            raise ValueError('class_metrics need classes, so average must be "macro".')
        of_keypoints = "keypoints" in kinds
        self.num_classes = num_classes
        self.box_format = box_format
        self.iou_type = iou_type
        self.iou_thresholds = fractions("iou_thresholds", iou_thresholds, _IOU_THRESHOLDS)
        self.rec_thresholds = fractions("rec_thresholds", rec_thresholds, _RECALLS)
        check_increasing("rec_thresholds", self.rec_thresholds)
        if max_detection_thresholds is None:
            max_detection_thresholds = (20,) if of_keypoints else (1, 10, 100)
        self.max_detections = maximums(max_detection_thresholds)
        if area_ranges is None:
            area_ranges = {n: r for n, r in _AREAS.items() if not (of_keypoints and n == "small")}
        self.area_ranges = ranges_of_areas(area_ranges)
        self.sigmas = tuple(float(sigma) for sigma in sigmas)
        self.average = average
        self.class_metrics = class_metrics
        self.extended_summary = extended_summary
        classes = num_classes if average == "macro" else 1
        self.parts = {}
        if not isinstance(iou_type, str):
            self.iou_type, self.detections = kinds, None
            part = functools.partial(MeanAveragePrecision, **shared, dtype=self.dtype)
            self.parts = {kind: part(iou_type=kind) for kind in kinds}
            return
        self.detections = DetectionState(
            capacity, (classes, len(self.area_ranges)), len(self.iou_thresholds), self.dtype
        )

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with images."""
        if self.detections is None:
            for kind, part in self.parts.items():
                part.update(
                    target=target.get(kind, target),
                    preds=preds.get(kind, preds),
                    sample_weight=sample_weight,
                    mask=mask,
                )
            return
        true_label, label, weight, rules = labels_of_objects(
            target, preds, sample_weight, mask, self.num_classes, self._needed(preds)
        )
        rules.append(rule_of_repetitions(weight))
        repetitions = weight.astype(jnp.int32)
        included = (repetitions > 0)[:, None]
        if self.average == "micro":
            true_label, label = jnp.minimum(true_label, 0), jnp.minimum(label, 0)
        score = as_float("scores of preds", preds["scores"])
        exists = label >= 0
        is_number = ~(jnp.isnan(score) & exists & included)
        rules.append(Rule(is_number, "scores of preds must not be NaN."))
        crowd = jnp.asarray(target.get("iscrowd", jnp.zeros_like(true_label))) != 0
        overlap, true_area, area = self._overlap(target, preds, crowd)
        rules += self._rules("target", target, (true_label >= 0) & included, true_area)
        rules += self._rules("preds", preds, exists & included, area)

        order = jnp.argsort(jnp.where(exists, -score, jnp.inf), axis=1)
        label, score, area, exists = (
            jnp.take_along_axis(x, order, 1) for x in (label, score, area, exists)
        )
        overlap = jnp.take_along_axis(overlap, order[..., None], 1)
        rank = rank_in_class(label)
        exists &= rank < self.max_detections[-1]
        same = (label[..., None] == true_label[:, None]) & (true_label >= 0)[:, None]
        low, high = jnp.array(list(self.area_ranges.values()), jnp.float32).T
        ignored = crowd[..., None] | _outside(true_area, low, high)
        if self.iou_type == "keypoints":  # objects without labelled keypoints
            ignored |= ~(jnp.asarray(target["keypoints"])[..., 2] > 0).any(-1)[..., None]
        matches = match(
            jnp.where(same & exists[..., None], overlap, -1),
            ignored,
            crowd,
            lowest_matches(self.iou_thresholds),
        )
        outside = _outside(area, low, high)[..., None] & ~matches.matched
        matches = matches._replace(ignored=matches.ignored | outside)
        objects = self._objects(true_label, ignored, repetitions)
        state = self.detections.added(label, score, rank, repetitions, matches, exists, objects)
        self.detections = state._replace(objects=state.objects.marked(check_rules(rules)))

    def _needed(self, preds: Any) -> tuple[list[str], list[str]]:
        """The keys that targets and predictions need."""
        region = KEYS[str(self.iou_type)][1]
        if isinstance(preds, Mapping) and "overlap" in preds:
            region = "area"
        boxes = ["boxes"] if self.iou_type == "keypoints" else []
        return ["labels", region, *boxes], ["labels", region, "scores"]

    def _overlap(
        self, target: Any, preds: Any, crowd: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Overlaps `[images, preds, target]`, and the areas of targets and predictions."""
        if "overlap" in preds:
            return jnp.asarray(preds["overlap"]), target["area"], preds["area"]
        if self.iou_type == "keypoints":
            return keypoint_overlap(target, preds, jnp.array(self.sigmas), self.box_format)
        if self.iou_type == "segm":
            overlap, true, area = mask_overlap(target, preds, crowd)
        else:
            overlap, true, area = box_overlap(target, preds, crowd, self.box_format)
        return overlap, target_area(target, true), area

    def _rules(self, name: str, objects: Any, exists: jax.Array, area: jax.Array) -> Iterator[Rule]:
        """The rules of what overlaps are computed from."""
        if self.iou_type == "segm":
            yield rule_of_masks(name, area, exists)
            return
        if self.iou_type == "keypoints":
            yield rule_of_keypoints(name, jnp.asarray(objects["keypoints"]), exists)
        if self.iou_type == "bbox" or name == "target":
            corners = as_corners(f"boxes of {name}", objects["boxes"], self.box_format)
            yield rule_of_boxes(name, corners, exists, self.box_format)

    def _objects(self, label: jax.Array, ignored: jax.Array, repetitions: jax.Array) -> jax.Array:
        """The number of objects that are not ignored, `[classes, areas]`."""
        classes, areas = cast(DetectionState, self.detections).objects.high.shape
        cell = jnp.where(label[..., None] >= 0, label[..., None] * areas + jnp.arange(areas), -1)
        counts = bincount(cell, ~ignored * repetitions[:, None, None], classes * areas)
        return counts.reshape(classes, areas)

    def compute(self) -> dict[str, jax.Array]:
        """Mean average precision and recall by name."""
        state = self.detections
        if state is None:
            values = {kind: part.compute() for kind, part in self.parts.items()}
            return {f"{kind}_{name}": x for kind, one in values.items() for name, x in one.items()}
        objects = jnp.where(state.rows.overflowed, jnp.nan, state.objects.value)
        found = curves(
            state.sorted(),
            objects,
            self.rec_thresholds,
            self.max_detections,
            len(self.iou_thresholds),
        )
        precision, recall = found.precision.mean(1), found.recall
        value = {"map": _mean(precision[..., 0])}
        at = {name: self._at(threshold) for name, threshold in (("50", 0.5), ("75", 0.75))}
        value |= {f"map_{name}": _mean(precision[index, :, 0]) for name, index in at.items()}
        areas = list(enumerate(self.area_ranges))[1:]
        value |= {f"map_{name}": _mean(precision[..., i]) for i, name in areas}
        if self.iou_type == "keypoints":
            value["mar"] = _mean(recall[..., 0, -1])
            value |= {f"mar_{n}": _mean(recall[index, :, 0, -1]) for n, index in at.items()}
        else:
            value |= {
                f"mar_{n}": _mean(recall[..., 0, i]) for i, n in enumerate(self.max_detections)
            }
        value |= {f"mar_{name}": _mean(recall[..., i, -1]) for i, name in areas}
        if self.class_metrics:
            value["map_per_class"] = precision[..., 0].mean(0)
            value[f"mar_{self.max_detections[-1]}_per_class"] = recall[..., 0, -1].mean(0)
        return value | (found._asdict() if self.extended_summary else {})

    def _at(self, threshold: float) -> np.ndarray:
        """The index of a threshold, if it exists."""
        return np.flatnonzero(np.isclose(self.iou_thresholds, threshold, atol=1e-9))


def _mean(values: jax.Array) -> jax.Array:
    """The mean over thresholds and classes, leaving out classes without a value."""
    return jnp.nanmean(values.mean(0))


def _outside(area: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    """Whether areas are outside of each range, `[..., ranges]`."""
    return (area[..., None] < low) | (area[..., None] > high)


_function: Any = functional(MeanAveragePrecision)


def mean_average_precision(*args: Any, **options: Any) -> dict[str, jax.Array]:
    """The mean average precision (mAP) and recall (mAR) of detected objects, as in COCO.

    The value of one batch; see `MeanAveragePrecision` for the options. It keeps all detections.
    """
    try:
        given = _signature.bind(*args, **options).arguments
    except TypeError as error:
        refuse_misfit(mean_average_precision, args, options, error)
    names = ("target", "preds", "sample_weight", "mask")
    inputs = {name: given.pop(name, None) for name in names}
    inputs = padded_inputs(inputs, given.get("iou_type", "bbox"))
    preds = inputs["preds"]
    labels = preds["labels"] if "labels" in preds else next(iter(preds.values()))["labels"]
    given.setdefault("capacity", max(jnp.size(labels), 1))
    return _function(**inputs, **given)


_signature = inspect.Signature(
    [
        parameter.replace(default=None, annotation=int | None)
        if parameter.name == "capacity"
        else parameter
        for parameter in inspect.signature(_function).parameters.values()
    ],
    return_annotation=dict[str, jax.Array],
)
cast(Any, mean_average_precision).__signature__ = _signature
