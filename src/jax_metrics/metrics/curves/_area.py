"""The area under a curve through given points."""

from typing import Any

import jax
import jax.numpy as jnp

SUMMATION_METHODS = ("interpolation", "minoring", "majoring")


def area(
    x: jax.Array,
    y: jax.Array,
    low: Any = None,
    high: Any = None,
    method: str = "interpolation",
) -> jax.Array:
    """The area under a curve through points of increasing x, between two bounds if given.

    Args:
        x: `[..., points]`.
        y: Of the same shape.
        low: The lower bound of x, a number or `[..., 1]`.
        high: The upper bound of x.
        method: What connects two points: `"interpolation"` a straight line, `"minoring"` steps at
            the lower of the two, `"majoring"` steps at the higher.
    """
    left, right, start, end = segments(x, y, low, high)
    if method != "interpolation":
        height = (jnp.minimum if method == "minoring" else jnp.maximum)(start, end)
        return ((right - left) * height).sum(-1)
    return ((right - left) * (start + end)).sum(-1) / 2


def segments(
    x: jax.Array, y: jax.Array, low: Any = None, high: Any = None
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The lines between the points, cut off at the bounds: x of both ends, then y of both ends."""
    left, right, start, end = x[..., :-1], x[..., 1:], y[..., :-1], y[..., 1:]
    if low is None and high is None:
        return left, right, start, end
    slope = (end - start) / jnp.where(right == left, 1, right - left)
    cut_left, cut_right = jnp.clip(left, low, high), jnp.clip(right, low, high)
    return (
        cut_left,
        cut_right,
        start + slope * (cut_left - left),
        end - slope * (right - cut_right),
    )
