"""Boxes: their formats, areas and intersections."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.arguments import as_float, one_of, split

BOX_FORMATS = ("xyxy", "xywh", "cxcywh")


def as_corners(name: str, boxes: jax.Array, box_format: str) -> jax.Array:
    """Boxes as `(x1, y1, x2, y2)`, floats `[..., 4]`.

    Integers that these would round raise an error, or become NaN under `jit`.

    Args:
        name: The name of the argument, for errors.
        boxes: Boxes `[..., 4]`.
        box_format: `"xyxy"`, two opposite corners; `"xywh"`, the upper left corner, width and
            height; `"cxcywh"`, the center, width and height.

    Raises:
        ValueError: If the format is unknown, the last axis does not have four numbers, or integers
            would be rounded.
    """
    one_of("box_format", box_format, BOX_FORMATS)
    boxes = _not_rounded(name, boxes)
    if boxes.shape[-1:] != (4,):
        raise ValueError(
            f"{name} must hold boxes of four numbers along the last axis, [..., 4], but the shape "
            f"is {list(boxes.shape)}."
        )
    if box_format == "xyxy":
        return boxes
    position, size = boxes[..., :2], boxes[..., 2:]
    first = position if box_format == "xywh" else position - size / 2
    return jnp.concatenate([first, first + size], axis=-1)


def _not_rounded(name: str, boxes: Any) -> jax.Array:
    """The boxes as floats.

    Raises:
        ValueError: If integers would be rounded, outside of `jit`.
    """
    floats = as_float(name, boxes)
    high, low = split(boxes, floats.dtype)
    if isinstance(low, float):  # no integers, or small ones
        return floats
    lost = (high + low) - high != low
    if isinstance(lost, Tracer):
        return jnp.where(lost, jnp.nan, floats)
    if lost.any():
        raise ValueError(
            f"{name} holds boxes with integers that {floats.dtype} would round. Subtract a "
            "constant from the coordinates of target and preds."
        )
    return floats


def area(boxes: jax.Array) -> jax.Array:
    """The areas of boxes given by corners, `[...]`."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersection(boxes: jax.Array, others: jax.Array) -> jax.Array:
    """The areas that boxes and others have in common, `[...]`; both are given by corners."""
    first = jnp.maximum(boxes[..., :2], others[..., :2])
    last = jnp.minimum(boxes[..., 2:], others[..., 2:])
    return jnp.prod(jnp.maximum(last - first, 0), axis=-1)
