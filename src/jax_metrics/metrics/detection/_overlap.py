"""How much predicted objects overlap true ones, by boxes, masks or keypoints, and their areas."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.losses.detection import area, as_corners, in_common_unit, intersection
from jax_metrics.metrics.detection._run_lengths import are_binary

Objects = Mapping[str, Any]
# The spread of annotations of the 17 keypoints of COCO, as a fraction of the object's size.
COCO_SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
    *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)


def box_overlap(
    target: Objects, preds: Objects, crowd: jax.Array, box_format: str
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The IoU of boxes, `[images, preds, target]`, and the areas of targets and predictions.

    Args:
        target: Their boxes, `[images, target, 4]`.
        preds: Their boxes, `[images, preds, 4]`.
        crowd: Which targets are crowds, `[images, target]`. Their intersection is divided by the
            area of the prediction alone.
        box_format: See `as_corners`.
    """
    true = as_corners("boxes of target", target["boxes"], box_format)
    predicted = as_corners("boxes of preds", preds["boxes"], box_format)
    one, other = in_common_unit(predicted[:, :, None], true[:, None])
    overlap = _over_union(intersection(one, other), area(other), area(one), crowd)
    return overlap, area(true), area(predicted)


def mask_overlap(
    target: Objects, preds: Objects, crowd: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The IoU of masks `[images, objects, height, width]`, and the areas; see `box_overlap`.

    The areas are NaN where masks are not binary.

    Raises:
        ValueError: If the shapes do not fit.
    """
    true, predicted = jnp.asarray(target["masks"]), jnp.asarray(preds["masks"])
    if true.ndim != 4 or predicted.ndim != 4 or true.shape[2:] != predicted.shape[2:]:
        raise ValueError(
            "masks must be [images, objects, height, width], of one height and width in target and "
            f"preds, but got {list(true.shape)} and {list(predicted.shape)}."
        )
    binary = [are_binary(masks) for masks in (true, predicted)]
    pixels = math.prod(true.shape[2:])
    true, predicted = (
        (x != 0).reshape(*x.shape[:2], pixels).astype(float) for x in (true, predicted)
    )
    common = jnp.einsum("ndp,ngp->ndg", predicted, true, precision=jax.lax.Precision.HIGHEST)
    true_area, area = true.sum(-1), predicted.sum(-1)
    overlap = _over_union(common, true_area[:, None], area[..., None], crowd)
    true_area, area = (
        jnp.where(known, x, jnp.nan) for known, x in zip(binary, (true_area, area), strict=True)
    )
    return overlap, true_area, area


def keypoint_overlap(
    target: Objects, preds: Objects, sigmas: jax.Array, box_format: str
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The similarity of keypoints (OKS), `[images, preds, target]`, and the areas.

    It is the mean of `exp(-distance**2 / (8 * sigma**2 * area))` over the labelled keypoints of the
    target. If it has none, it is the distance to a box twice as large around the target's box.

    Args:
        target: Their keypoints `(x, y, visibility)`, `[images, target, keypoints, 3]`, `boxes`,
            and `area`, by default that of the box.
        preds: Their keypoints, `[images, preds, keypoints, 2 or 3]`. Their area is that of the
            smallest box around them.
        sigmas: One for each keypoint.
        box_format: See `as_corners`.

    Raises:
        ValueError: If the shapes do not fit.
    """
    true = as_float("keypoints of target", target["keypoints"])
    predicted = as_float("keypoints of preds", preds["keypoints"])
    count = sigmas.size
    if true.shape[2:] != (count, 3) or predicted.shape[2:] not in ((count, 2), (count, 3)):
        raise ValueError(
            f"keypoints must be [images, objects, {count}, 3], as many as there are sigmas, with x,"
            f" y and visibility; preds may leave out the last. Got target {list(true.shape)} and "
            f"preds {list(predicted.shape)}."
        )
    boxes = as_corners("boxes of target", target["boxes"], box_format)
    true_area = target_area(target, area(boxes))
    # The square root of the area, which also exists where the area overflows or vanishes.
    size = jnp.prod(jnp.sqrt(abs(boxes[..., 2:] - boxes[..., :2])), axis=-1)
    size = jnp.where(target_area(target, jnp.zeros_like(size)) > 0, jnp.sqrt(true_area), size)
    visible = true[..., 2] > 0
    labelled = visible.any(-1, keepdims=True)
    first, last = boxes[..., :2], boxes[..., 2:]
    low, high = (2 * first - last)[..., None, :], (2 * last - first)[..., None, :]
    position = true[..., :2]
    low = jnp.where(labelled[..., None], position, low)[:, None]
    high = jnp.where(labelled[..., None], position, high)[:, None]
    point = predicted[:, :, None, :, :2]
    distance = jnp.maximum(low - point, 0) + jnp.maximum(point - high, 0)
    distance /= jnp.maximum(size, jnp.finfo(size.dtype).tiny)[:, None, :, None, None]
    similarity = jnp.exp(-(distance**2).sum(-1) / (8 * sigmas**2))
    counted = jnp.where(labelled, visible, True)[:, None]
    overlap = jnp.where(counted, similarity, 0).sum(-1) / counted.sum(-1)
    extent = predicted[..., :2].max(2) - predicted[..., :2].min(2)
    return overlap, true_area, jnp.prod(extent, axis=-1)


def target_area(target: Objects, otherwise: jax.Array) -> jax.Array:
    """The given `area` of true objects, or `otherwise` where none or 0 is given, or it is NaN."""
    if "area" not in target:
        return otherwise
    given = as_float("area of target", target["area"])
    return jnp.where((given > 0) & ~jnp.isnan(otherwise), given, otherwise)


def _over_union(
    common: jax.Array, true_area: jax.Array, predicted_area: jax.Array, crowd: jax.Array
) -> jax.Array:
    """The common areas of pairs over those of their unions, `[images, preds, target]`."""
    union = predicted_area + jnp.where(crowd[:, None], 0, true_area - common)
    return jnp.where(common > 0, common / jnp.where(union > 0, union, 1), 0)
