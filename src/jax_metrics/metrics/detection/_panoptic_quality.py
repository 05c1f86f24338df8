"""Panoptic quality: how well segments of images are found and recognized."""

import math
from collections.abc import Collection
from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.detection._segments import Segments, segment_ids, segments_of
from jax_metrics.metrics.inputs import as_labels, weights
from jax_metrics.metrics.state import Total


class SegmentQuality(Metric):
    """The base of panoptic qualities: the segments of each category, matched by their overlap.

    `target` and `preds` are integers `[images, ..., 2]` with the category and the instance of each
    pixel. Pixels of one category and instance are one segment. The instances of stuff are ignored:
    each category of stuff is one segment of an image. Pixels whose true category is not listed are
    void: they are left out of the areas. `sample_weight` weights images, and `mask` excludes images
    or pixels.

    Args:
        things: The categories with instances.
        stuffs: The categories without instances.
        allow_unknown_preds_category: Whether other categories may be predicted; they count as no
            prediction.
        **options: See `Metric`.

    Attributes:
        iou: The sum of the overlaps of matched segments of each category: things, then stuffs,
            each in increasing order.
        counts: True positives, false positives and false negatives, `[3, categories]`.
    """

    higher_is_better = True
    bounds = (0, 1)
    iou: Total
    counts: Total
    _modified: ClassVar[bool] = False

    def __init__(
        self,
        *,
        things: Collection[int],
        stuffs: Collection[int],
        allow_unknown_preds_category: bool = False,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        both = [*things, *stuffs]
        if not both or len(set(both)) < len(both):
            raise ValueError(
                "things and stuffs must be different categories, at least one, but are "
                f"{sorted(things)} and {sorted(stuffs)}."
            )
        if not all(isinstance(category, int | np.integer) for category in both):
            raise TypeError(f"things and stuffs must hold integers, but are {things} and {stuffs}.")
        self.things, self.stuffs = (tuple(sorted(map(int, x))) for x in (things, stuffs))
        self.allow_unknown_preds_category = allow_unknown_preds_category
        self.iou = Total.zeros((len(both),), self.dtype)
        self.counts = Total.zeros((3, len(both)), self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with images."""
        target, preds = jnp.asarray(target), jnp.asarray(preds)
        if target.shape != preds.shape or target.ndim < 3 or target.shape[-1] != 2:
            raise ValueError(
                "target and preds must be [images, ..., 2], the category and the instance of each "
                f"pixel, but their shapes are {list(target.shape)} and {list(preds.shape)}."
            )
        weight = weights(target.shape[:1], sample_weight)
        valid = weights(target.shape[:-1], None, mask) != 0
        flat = target.shape[0], math.prod(target.shape[1:-1])
        valid = valid.reshape(flat)
        true, predicted = (
            self._segments(name, pixels.reshape(*flat, 2), valid)
            for name, pixels in (("target", target), ("preds", preds))
        )
        known = predicted.category < len(self.things) + len(self.stuffs)
        rule = Rule(
            known | ~valid | (weight == 0)[:, None] | self.allow_unknown_preds_category,
            "preds have categories that are neither things nor stuffs. To count them as no "
            "prediction, give `allow_unknown_preds_category=True`.",
        )
        iou, counts = jax.vmap(self._compared)(true, predicted)
        fault = check_rules([rule])
        self.iou = (self.iou + (iou * weight[:, None]).sum(0)).marked(fault)
        self.counts = (self.counts + (counts * weight[:, None, None]).sum(0)).marked(fault)

    def _segments(self, name: str, pixels: jax.Array, valid: jax.Array) -> Segments:
        """The segments that pixels belong to; masked pixels and other categories have none."""
        categories = jnp.array([*self.things, *self.stuffs])
        order = jnp.argsort(categories)
        # Instances keep their dtype, as int32 does not hold all of them.
        given, instance = as_labels(name, pixels[..., 0]), pixels[..., 1]
        place = jnp.searchsorted(categories[order], given)
        place = order[jnp.minimum(place, len(categories) - 1)]
        unknown = (categories[place] != given) | ~valid
        category = jnp.where(unknown, len(categories), place)
        instance = jnp.where(category < len(self.things), instance, 0)
        return jax.vmap(lambda c, i: segments_of(c, i, len(categories)))(category, instance)

    def _compared(self, true: Segments, predicted: Segments) -> tuple[jax.Array, jax.Array]:
        """The sum of overlaps, and the counts, for each category of one image."""
        pixels = true.number.size
        pair, first = segment_ids(true.number, predicted.number)
        common = jnp.zeros(pixels, jnp.int32).at[pair].add(1)[pair]
        void, unpredicted = true.is_void, predicted.is_void
        void_of_pred = predicted.sum(void)[predicted.number]
        void_of_true = true.sum(unpredicted)[true.number]
        union = predicted.area - void_of_pred + true.area - void_of_true - common
        # The first pixel of each pair stands for it.
        same = first & (true.category == predicted.category) & ~void
        iou = jnp.where(same, common / jnp.maximum(union, 1), 0)
        categories = len(self.things) + len(self.stuffs)
        modified = self._modified & (true.category >= len(self.things))
        matched = same & (iou > 0.5) & ~modified

        def per_category(values: jax.Array, category: jax.Array) -> jax.Array:
            zeros = jnp.zeros(categories, values.dtype)
            return zeros.at[category].add(values, mode="drop")

        missed = true.first & ~true.sum(matched)[true.number].astype(bool)
        missed &= 2 * void_of_true <= true.area
        wrong = predicted.first & ~predicted.sum(matched)[predicted.number].astype(bool)
        wrong &= 2 * void_of_pred <= predicted.area
        if self._modified:  # stuff counts its true segments, whether they are found or not
            missed &= ~modified
            wrong &= predicted.category < len(self.things)
            matched |= true.first & modified & ~void
        counts = [
            per_category(values.astype(jnp.int32), category)
            for values, category in (
                (matched, true.category),
                (wrong, predicted.category),
                (missed, true.category),
            )
        ]
        counted = jnp.where(modified | (iou > 0.5), iou, 0)
        return per_category(counted, true.category), jnp.stack(counts)

    def qualities(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Panoptic, segmentation and recognition quality of each category; NaN without segments."""
        tp, fp, fn = self.counts.value
        size = tp + (fp + fn) / 2
        recognition = tp / size
        segmentation = jnp.where(
            size == 0, jnp.nan, jnp.where(tp == 0, 0, self.iou.value / jnp.maximum(tp, 1))
        )
        return self.iou.value / size, segmentation, recognition


class PanopticQuality(SegmentQuality):
    """The panoptic quality (PQ): the mean over categories of `sum(IoU) / (tp + fp / 2 + fn / 2)`.

    A predicted and a true segment of the same category match if their IoU is above 0.5. Segments
    that are mostly on pixels without a category are not counted as wrong or missed. See
    `SegmentQuality` for the arguments. NaN if there is no segment.

    Args:
        return_sq_and_rq: Whether to return PQ, the segmentation quality `sum(IoU) / tp` and the
            recognition quality `tp / (tp + fp / 2 + fn / 2)`, along the last axis.
        return_per_class: Whether to return the value of each category, things first, instead of
            their mean. NaN for categories without segments.
        **options: See `SegmentQuality`.

    Source: Kirillov et al., Panoptic Segmentation, https://arxiv.org/abs/1801.00868, 2018.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[[0, 1], [0, 1], [0, 1], [6, 0]]])  # one image of four pixels
        >>> preds = jnp.array([[[0, 7], [0, 7], [6, 0], [6, 0]]])
        >>> metric = jm.metrics.PanopticQuality(things=[0], stuffs=[6])
        >>> round(float(metric(target=target, preds=preds)), 4)
        0.3333
        >>> value = jm.metrics.panoptic_quality(target, preds, things=(0,), stuffs=(6,))
        >>> round(float(value), 4)
        0.3333
    """

    def __init__(
        self,
        *,
        things: Collection[int],
        stuffs: Collection[int],
        allow_unknown_preds_category: bool = False,
        return_sq_and_rq: bool = False,
        return_per_class: bool = False,
        **options: Unpack[Common],
    ):
        super().__init__(
            things=things,
            stuffs=stuffs,
            allow_unknown_preds_category=allow_unknown_preds_category,
            **options,
        )
        self.return_sq_and_rq = return_sq_and_rq
        self.return_per_class = return_per_class

    def compute(self) -> jax.Array:
        """The quality; three along the last axis with `return_sq_and_rq`."""
        value = jnp.stack(self.qualities(), -1)
        value = value if self.return_per_class else jnp.nanmean(value, 0)
        return value if self.return_sq_and_rq else value[..., 0]


class ModifiedPanopticQuality(SegmentQuality):
    """The panoptic quality in which stuff is not matched: `sum(IoU)` over its true segments.

    A category of stuff adds the IoU of its true and predicted segments, however small, and counts
    its true segments only. See `SegmentQuality` for the arguments.

    Source: Porzi et al., Seamless Scene Segmentation, https://arxiv.org/abs/1905.01220, 2019.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[[0, 1], [0, 1], [0, 1], [6, 0]]])
        >>> preds = jnp.array([[[0, 7], [0, 7], [6, 0], [6, 0]]])
        >>> metric = jm.metrics.ModifiedPanopticQuality(things=[0], stuffs=[6])
        >>> round(float(metric(target=target, preds=preds)), 4)
        0.5833
    """

    _modified = True

    def compute(self) -> jax.Array:
        """The mean quality."""
        return jnp.nanmean(self.qualities()[0])


panoptic_quality = functional(PanopticQuality)
modified_panoptic_quality = functional(ModifiedPanopticQuality)
