"""Boxes: their formats, areas and intersections."""

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.arguments import as_float, one_of, split

BOX_FORMATS = ("xyxy", "xywh", "cxcywh")


def as_corners(name: str, boxes: jax.Array, box_format: str) -> jax.Array:
    """Boxes as `(x1, y1, x2, y2)`, floats `[..., 4]`.

    Integers that these would round, or whose corners they would round, raise an error, or become
    NaN under `jit`.

    Args:
        name: The name of the argument, for errors.
        boxes: Boxes `[..., 4]`.
        box_format: `"xyxy"`, two opposite corners; `"xywh"`, the upper left corner, width and
            height; `"cxcywh"`, the center, width and height.

    Raises:
        ValueError: If the format is unknown, the last axis does not have four numbers, or integers
            or their corners would be rounded.
    """
    one_of("box_format", box_format, BOX_FORMATS)
    floats = as_float(name, boxes)
    if floats.shape[-1:] != (4,):
        raise ValueError(
            f"{name} must hold boxes of four numbers along the last axis, [..., 4], but the shape "
            f"is {list(floats.shape)}."
        )
    high, low = split(boxes, floats.dtype)
    corners = _corners(floats, box_format)
    if isinstance(low, float):  # no integers, or small ones
        return corners
    lost = _rounds(high, low)
    if box_format != "xyxy":
        position, size = floats[..., :2], floats[..., 2:]
        if box_format == "cxcywh":
            lost |= jnp.tile(_rounds(position, -size / 2), 2)
        lost |= jnp.tile(_rounds(corners[..., :2], size), 2)
    return _not_rounded(name, corners, lost)


def _corners(boxes: jax.Array, box_format: str) -> jax.Array:
    if box_format == "xyxy":
        return boxes
    position, size = boxes[..., :2], boxes[..., 2:]
    first = position if box_format == "xywh" else position - size / 2
    return jnp.concatenate([first, first + size], axis=-1)


def _rounds(a: jax.Array, b: jax.Array) -> jax.Array:
    """Whether the sum of two floats is rounded (Knuth's two-sum)."""
    total = a + b
    part = total - a
    return (a - (total - part)) + (b - part) != 0


def _not_rounded(name: str, corners: jax.Array, lost: jax.Array) -> jax.Array:
    """The corners, NaN where integers were lost.

    Raises:
        ValueError: If integers were lost, outside of `jit`.
    """
    if isinstance(lost, Tracer):
        return jnp.where(lost, jnp.nan, corners)
    if lost.any():
        raise ValueError(
            f"{name} holds boxes with integers that {corners.dtype} would round, or whose corners "
            "it would round. Subtract a constant from the coordinates of target and preds."
        )
    return corners


def area(boxes: jax.Array) -> jax.Array:
    """The areas of boxes given by corners, `[...]`."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersection(boxes: jax.Array, others: jax.Array) -> jax.Array:
    """The areas that boxes and others have in common, `[...]`; both are given by corners."""
    first = jnp.maximum(boxes[..., :2], others[..., :2])
    last = jnp.minimum(boxes[..., 2:], others[..., 2:])
    return jnp.prod(jnp.maximum(last - first, 0), axis=-1)
