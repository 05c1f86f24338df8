"""How much predicted objects overlap true ones, by boxes, masks or keypoints, and their areas."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.losses.detection import area, as_corners, intersection

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
    common = intersection(predicted[:, :, None], true[:, None])
    return _over_union(common, area(true), area(predicted), crowd)


def mask_overlap(
    target: Objects, preds: Objects, crowd: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The IoU of masks `[images, objects, height, width]`, and the areas; see `box_overlap`.

    Raises:
        ValueError: If the shapes do not fit.
    """
    true, predicted = jnp.asarray(target["masks"]), jnp.asarray(preds["masks"])
    if true.ndim != 4 or predicted.ndim != 4 or true.shape[2:] != predicted.shape[2:]:
        raise ValueError(
            "masks must be [images, objects, height, width], of one height and width in target and "
            f"preds, but got {list(true.shape)} and {list(predicted.shape)}."
        )
    pixels = math.prod(true.shape[2:])
    true, predicted = (
        (x != 0).reshape(*x.shape[:2], pixels).astype(float) for x in (true, predicted)
    )
    common = jnp.einsum("ndp,ngp->ndg", predicted, true, precision=jax.lax.Precision.HIGHEST)
    return _over_union(common, true.sum(-1), predicted.sum(-1), crowd)


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
    visible = true[..., 2] > 0
    labelled = visible.any(-1, keepdims=True)
    first, last = boxes[..., :2], boxes[..., 2:]
    low, high = (2 * first - last)[..., None, :], (2 * last - first)[..., None, :]
    position = true[..., :2]
    low = jnp.where(labelled[..., None], position, low)[:, None]
    high = jnp.where(labelled[..., None], position, high)[:, None]
    point = predicted[:, :, None, :, :2]
    squared = (jnp.maximum(low - point, 0) + jnp.maximum(point - high, 0)) ** 2
    scale = 8 * sigmas**2 * (true_area[..., None] + jnp.finfo(float).tiny)
    similarity = jnp.exp(-squared.sum(-1) / scale[:, None])
    counted = jnp.where(labelled, visible, True)[:, None]
    overlap = jnp.where(counted, similarity, 0).sum(-1) / counted.sum(-1)
    extent = predicted[..., :2].max(2) - predicted[..., :2].min(2)
    return overlap, true_area, jnp.prod(extent, axis=-1)


def target_area(target: Objects, otherwise: jax.Array) -> jax.Array:
    """The given `area` of true objects, or `otherwise` where none or 0 is given."""
    if "area" not in target:
        return otherwise
    given = as_float("area of target", target["area"])
    return jnp.where(given > 0, given, otherwise)


def _over_union(
    common: jax.Array, true_area: jax.Array, predicted_area: jax.Array, crowd: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    true, predicted = true_area[:, None], predicted_area[..., None]
    union = predicted + jnp.where(crowd[:, None], 0, true - common)
    overlap = jnp.where(common > 0, common / jnp.where(union > 0, union, 1), 0)
    return overlap, true_area, predicted_area
