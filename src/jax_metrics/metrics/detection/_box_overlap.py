"""How much boxes overlap: IoU and its variants, as functions and as metrics."""

from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explaining, one_of, same_shape
from jax_metrics.losses.detection import BOX_FORMATS, OVERLAPS, as_corners, pairs_near_zero
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.counts import bincount
from jax_metrics.metrics.detection._object_metric import ObjectMetric
from jax_metrics.metrics.detection._objects import labels_of_objects, rule_of_boxes
from jax_metrics.metrics.state import Total

_explaining = explaining(
    "it compares pairs of boxes, all of which count. Its class compares images, takes a `mask` of "
    "them, and leaves out boxes of the label -1."
)


class BoxOverlap(ObjectMetric):
    """The base of metrics that are the mean overlap of predicted and true boxes.

    The mean is over all pairs of a predicted and a true box of an image, by default over pairs of
    the same label. `target` and `preds` have `boxes` and `labels`, as in `MeanAveragePrecision`:
    dicts of arrays, padded with the label -1, or lists of dicts; `sample_weight` weights the pairs
    of each image, and `mask` excludes images. Boxes must be finite, of sizes that are not negative.
    NaN if there is no pair.

    Args:
        num_classes: Number of classes; needed for `class_metrics`, otherwise it only serves to
            check the labels.
        box_format: `"xyxy"`, two opposite corners; `"xywh"`, the upper left corner, width and
            height; `"cxcywh"`, the center, width and height.
        iou_threshold: Leaves out pairs with a lower overlap.
        class_metrics: Whether to return a dict with the mean and the mean of each class, as in
            `{"iou": ..., "iou_per_class": ...}`.
        respect_labels: Whether pairs need the same label. If not, a pair counts for the class of
            the target.
        **options: See `Metric`.
    """

    higher_is_better = True
    bounds = (-1, 1)
    overlap: ClassVar[str]
    total: Total
    pairs: Total

    def __init__(
        self,
        *,
        num_classes: int | None = None,
        box_format: str = "xyxy",
        iou_threshold: float | None = None,
        class_metrics: bool = False,
        respect_labels: bool = True,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("box_format", box_format, BOX_FORMATS)
        if class_metrics and num_classes is None:
            raise ValueError("class_metrics need the number of classes: give `num_classes`.")
        if num_classes is not None and num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, but is {num_classes}.")
        self.num_classes = num_classes
        self.box_format = box_format
        self.iou_threshold = iou_threshold
        self.class_metrics = class_metrics
        self.respect_labels = respect_labels
        shape = () if num_classes is None else (num_classes,)
        self.total = Total.zeros(shape, self.dtype)
        self.pairs = Total.zeros(shape, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with images."""
        needed = ("labels", "boxes")
        true, predicted, weight, rules = labels_of_objects(
            target, preds, sample_weight, mask, self.num_classes, (needed, needed)
        )
        included = (weight != 0)[:, None]
        boxes, others = (
            as_corners(f"boxes of {name}", objects["boxes"], self.box_format)
            for name, objects in (("target", target), ("preds", preds))
        )
        rules.append(rule_of_boxes("target", boxes, (true >= 0) & included, self.box_format))
        rules.append(rule_of_boxes("preds", others, (predicted >= 0) & included, self.box_format))
        overlap = OVERLAPS[self.overlap](others[:, :, None], boxes[:, None])
        counts = (true >= 0)[:, None] & (predicted >= 0)[..., None]
        if self.respect_labels:
            counts &= true[:, None] == predicted[..., None]
        if self.iou_threshold is not None:
            counts &= overlap >= self.iou_threshold
        # The sums for each target, which have the weight of its image.
        total, pairs = (
            jnp.where(included, x.sum(1) * weight[:, None], 0)
            for x in (jnp.where(counts, overlap, 0), counts)
        )
        if self.num_classes is None:
            total, pairs = total.sum(), pairs.sum()
        else:
            total, pairs = (bincount(true, x, self.num_classes) for x in (total, pairs))
        self.total = (self.total + total).marked(check_rules(rules))
        self.pairs += pairs

    def compute(self) -> Any:
        """The mean overlap; with `class_metrics`, a dict of it and the mean of each class."""
        total, pairs = self.total.value, self.pairs.value
        mean = total.sum() / pairs.sum()
        if not self.class_metrics:
            return mean
        return {self.overlap: mean, f"{self.overlap}_per_class": total / pairs}


class IntersectionOverUnion(BoxOverlap):
    """The mean intersection over union (IoU) of predicted and true boxes; see `BoxOverlap`.

    Source: Jaccard: The Distribution of the Flora in the Alpine Zone (1912).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = {"boxes": jnp.array([[[0.0, 0, 2, 2]]]), "labels": jnp.array([[1]])}
        >>> preds = {"boxes": jnp.array([[[0.0, 0, 2, 1]]]), "labels": jnp.array([[1]])}
        >>> float(jm.metrics.IntersectionOverUnion()(target=target, preds=preds))
        0.5
    """

    bounds = (0, 1)
    overlap = "iou"


class GeneralizedIntersectionOverUnion(BoxOverlap):
    """The mean generalized IoU of predicted and true boxes, from -1 to 1; see `BoxOverlap`.

    Source: Rezatofighi et al., https://arxiv.org/abs/1902.09630, 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = [{"boxes": jnp.array([[0.0, 0, 1, 1]]), "labels": jnp.array([1])}]
        >>> preds = [{"boxes": jnp.array([[3.0, 0, 4, 1]]), "labels": jnp.array([1])}]
        >>> float(jm.metrics.GeneralizedIntersectionOverUnion()(target=target, preds=preds))
        -0.5
    """

    overlap = "giou"


class DistanceIntersectionOverUnion(BoxOverlap):
    """The mean distance IoU of predicted and true boxes, from -1 to 1; see `BoxOverlap`.

    Source: Zheng et al., https://arxiv.org/abs/1911.08287, 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = [{"boxes": jnp.array([[0.0, 0, 2, 2]]), "labels": jnp.array([1])}]
        >>> preds = [{"boxes": jnp.array([[0.0, 0, 2, 2]]), "labels": jnp.array([1])}]
        >>> float(jm.metrics.DistanceIntersectionOverUnion()(target=target, preds=preds))
        1.0
    """

    overlap = "diou"


class CompleteIntersectionOverUnion(BoxOverlap):
    """The mean complete IoU of predicted and true boxes, at most 1; see `BoxOverlap`.

    Source: Zheng et al., https://arxiv.org/abs/2005.03572, 2020.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = [{"boxes": jnp.array([[0.0, 0, 2, 2]]), "labels": jnp.array([1])}]
        >>> preds = [{"boxes": jnp.array([[0.0, 0, 2, 1]]), "labels": jnp.array([1])}]
        >>> value = jm.metrics.CompleteIntersectionOverUnion()(target=target, preds=preds)
        >>> round(float(value), 4)
        0.4655
    """

    bounds = (-1.5, 1)
    overlap = "ciou"


@_explaining
def intersection_over_union(
    target: Any,
    preds: Any,
    *,
    box_format: str = "xyxy",
    iou_threshold: float | None = None,
    replacement_val: float = 0.0,
    aggregate: bool = True,
) -> jax.Array:
    """The mean intersection over union of pairs of boxes, or the IoU of all pairs of boxes.

    Args:
        target: True boxes, `[..., 4]`. Boxes of NumPy in float64 may be far from zero.
        preds: Predicted boxes of the same shape; `[..., n, 4]` for targets `[..., m, 4]` unless
            they are aggregated.
        box_format: `"xyxy"`, `"xywh"` or `"cxcywh"`.
        iou_threshold: Overlaps below it are replaced.
        replacement_val: The value that replaces them.
        aggregate: Whether to return the mean over pairs; if not, the overlap of each prediction
            with each target, `[..., n, m]`.

    Raises:
        ValueError: If a shape does not fit, or the format is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0.0, 0, 2, 2], [0, 0, 1, 1]])
        >>> preds = jnp.array([[0.0, 0, 2, 1], [0, 0, 1, 1]])
        >>> float(jm.metrics.intersection_over_union(target, preds))
        0.75
        >>> jm.metrics.intersection_over_union(target, preds, aggregate=False)
        Array([[0.5 , 0.5 ],
               [0.25, 1.  ]], dtype=float32)
    """
    return _overlap("iou", target, preds, box_format, iou_threshold, replacement_val, aggregate)


@_explaining
def generalized_intersection_over_union(
    target: Any,
    preds: Any,
    *,
    box_format: str = "xyxy",
    iou_threshold: float | None = None,
    replacement_val: float = 0.0,
    aggregate: bool = True,
) -> jax.Array:
    """The mean generalized IoU of pairs of boxes; see `intersection_over_union`."""
    return _overlap("giou", target, preds, box_format, iou_threshold, replacement_val, aggregate)


@_explaining
def distance_intersection_over_union(
    target: Any,
    preds: Any,
    *,
    box_format: str = "xyxy",
    iou_threshold: float | None = None,
    replacement_val: float = 0.0,
    aggregate: bool = True,
) -> jax.Array:
    """The mean distance IoU of pairs of boxes; see `intersection_over_union`."""
    return _overlap("diou", target, preds, box_format, iou_threshold, replacement_val, aggregate)


@_explaining
def complete_intersection_over_union(
    target: Any,
    preds: Any,
    *,
    box_format: str = "xyxy",
    iou_threshold: float | None = None,
    replacement_val: float = 0.0,
    aggregate: bool = True,
) -> jax.Array:
    """The mean complete IoU of pairs of boxes; see `intersection_over_union`."""
    return _overlap("ciou", target, preds, box_format, iou_threshold, replacement_val, aggregate)


def _overlap(
    overlap: str,
    target: Any,
    preds: Any,
    box_format: str,
    iou_threshold: float | None,
    replacement_val: float,
    aggregate: bool,
) -> jax.Array:
    target, preds = pairs_near_zero(target, preds, box_format, each=aggregate)
    boxes = as_corners("target", target, box_format)
    others = as_corners("preds", preds, box_format)
    if aggregate:
        same_shape(target=boxes, preds=others)
    else:
        boxes, others = boxes[..., None, :, :], others[..., :, None, :]
    values = OVERLAPS[overlap](others, boxes)
    if iou_threshold is not None:
        values = jnp.where(values < iou_threshold, replacement_val, values)
    return values.mean() if aggregate else values
