"""How much two boxes overlap: IoU, and its variants that also tell boxes apart that do not."""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jax_metrics.losses.detection._boxes import area, intersection


def iou(a: jax.Array, b: jax.Array) -> jax.Array:
    """The intersection over union of boxes given by corners, `[...]`; 0 if both are empty."""
    common = intersection(a, b)
    return _ratio(common, area(a) + area(b) - common)


def giou(a: jax.Array, b: jax.Array) -> jax.Array:
    """IoU, less the fraction of the smallest box around both that neither covers."""
    common = intersection(a, b)
    union = area(a) + area(b) - common
    around = jnp.prod(_enclosing_size(a, b), axis=-1)
    return _ratio(common, union) - _ratio(around - union, around)


def diou(a: jax.Array, b: jax.Array) -> jax.Array:
    """IoU, less the squared distance of the centers, relative to the diagonal around both."""
    difference = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    diagonal = (_enclosing_size(a, b) ** 2).sum(-1)
    return iou(a, b) - _ratio((difference**2).sum(-1), diagonal)


def ciou(a: jax.Array, b: jax.Array) -> jax.Array:
    """DIoU, less a penalty for different ratios of width and height.

    As in the paper, the weight of the penalty has no gradient.
    """
    difference = (_angle(a) - _angle(b)) * (2 / math.pi)
    squared = difference**2
    weight = jax.lax.stop_gradient(_ratio(squared, 1 - iou(a, b) + squared))
    return diou(a, b) - weight * squared


Overlap = Callable[[jax.Array, jax.Array], jax.Array]


def in_common_unit(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Pairs of boxes, each scaled to a size of about 1, so that no area overflows or vanishes.

    The factors are powers of two, which round nothing.
    """
    size = jnp.max(abs(_enclosing_size(a, b)), axis=-1, keepdims=True)
    exponent = jnp.frexp(jnp.where(jnp.isfinite(size), size, 1))[1]
    largest = jnp.finfo(size.dtype).maxexp - 2
    factor = jnp.ldexp(jnp.ones_like(size), -jnp.clip(exponent, -largest, largest))
    return a * factor, b * factor


def _in_any_unit(overlap: Overlap) -> Overlap:
    @functools.wraps(overlap)
    def wrapper(a: jax.Array, b: jax.Array) -> jax.Array:
        return overlap(*in_common_unit(a, b))

    return wrapper


OVERLAPS: dict[str, Overlap] = {f.__name__: _in_any_unit(f) for f in (iou, giou, diou, ciou)}


def _ratio(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient, 0 where the denominator is 0; both gradients are finite."""
    empty = denominator == 0
    return jnp.where(empty, 0, numerator / jnp.where(empty, 1, denominator))


def _enclosing_size(a: jax.Array, b: jax.Array) -> jax.Array:
    """Width and height of the smallest boxes around both."""
    return jnp.maximum(a[..., 2:], b[..., 2:]) - jnp.minimum(a[..., :2], b[..., :2])


def _angle(boxes: jax.Array) -> jax.Array:
    """The angle whose tangent is width over height; 0 for an empty box."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    empty = (width == 0) & (height == 0)
    return jnp.where(empty, 0, jnp.arctan2(jnp.where(empty, 1, width), jnp.where(empty, 1, height)))
