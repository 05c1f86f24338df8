"""Boxes of NumPy in float64, moved towards zero before JAX makes them float32.

Overlaps depend on differences of coordinates only. Far from zero, as in coordinates of maps,
float32 would round the coordinates by more than the size of a box.
"""

from typing import Any

import jax
import numpy as np
from jax.core import Tracer


def pairs_near_zero(
    target: Any, preds: Any, box_format: str, *, each: bool = True
) -> tuple[Any, Any]:
    """Boxes relative to a corner in common, if float32 could round them; others as they are.

    Args:
        target: Boxes `[..., 4]`.
        preds: Boxes `[..., 4]`.
        box_format: See `as_corners`.
        each: Whether each pair has a corner of its own; if not, all boxes `[..., n, 4]` and
            `[..., m, 4]` of an image have one.
    """
    boxes = on_host(target, preds)
    axis = -1 if each else -2
    if boxes is None or any(one.ndim < -axis or one.shape[-1] != 4 for one in boxes):
        return target, preds
    if boxes[0].shape[:axis] != boxes[1].shape[:axis]:
        return target, preds
    corners = [one[..., :2] for one in boxes]
    if not each:
        corners = [corner.min(-2, keepdims=True, initial=np.inf) for corner in corners]
    origin = origin_of(*corners)
    return moved(boxes[0], origin, box_format), moved(boxes[1], origin, box_format)


def on_host(*arrays: Any) -> list[np.ndarray] | None:
    """Arrays and lists as arrays of NumPy, if float32 would round one of them; otherwise None."""
    if jax.dtypes.canonicalize_dtype(np.float64) == np.float64:
        return None
    leaves = jax.tree.leaves(arrays)
    if not any(isinstance(x, float) or getattr(x, "dtype", None) == np.float64 for x in leaves):
        return None
    if any(isinstance(x, Tracer) or not getattr(x, "is_fully_addressable", True) for x in leaves):
        return None
    return [np.asarray(array) for array in arrays]


def origin_of(*corners: np.ndarray) -> np.ndarray:
    """The lowest of corners `[..., 2]`; 0 where it is not finite."""
    lowest = np.asarray(corners[0], np.float64)
    for corner in corners[1:]:
        lowest = np.minimum(lowest, corner)
    return np.where(np.isfinite(lowest), lowest, 0)


def moved(boxes: np.ndarray, origin: np.ndarray, box_format: str) -> np.ndarray:
    """Boxes `[..., 4]` relative to an origin `[..., 2]`."""
    size = np.zeros_like(origin)
    both = [origin, origin if box_format == "xyxy" else size]
    return boxes - np.concatenate(both, axis=-1)
