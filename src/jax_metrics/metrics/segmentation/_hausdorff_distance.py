"""Hausdorff distance between the edges of regions."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification import LabelMetric
from jax_metrics.metrics.inputs import LabelOptions
from jax_metrics.metrics.segmentation._regions import (
    check_has_pixels,
    regions,
    weights_of_samples,
)
from jax_metrics.metrics.state import Total

# How distances along axes are combined; the functions of each distance and of the result.
_METRICS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "euclidean": (jnp.add, jnp.square, jnp.sqrt),
    "chessboard": (jnp.maximum, jnp.abs, jnp.abs),
    "taxicab": (jnp.add, jnp.abs, jnp.abs),
}


class HausdorffDistance(LabelMetric):
    """The mean over samples and classes of the Hausdorff distance between true and predicted edges.

    It is the largest distance from a pixel on the edge of one region to the edge of the other. It
    is infinite if only one of the regions has pixels; a class in neither is left out. Pixels of a
    region are on its edge if one of their neighbours along an axis is not in it, or they are at the
    border of the image. NaN if there are no regions.

    Args:
        include_background: Whether class 0 counts.
        distance_metric: `"euclidean"`, `"chessboard"` or `"taxicab"`.
        spacing: The distance between pixels along each axis, positive numbers; by default 1.
        directed: Whether to measure only from the predicted to the true edge.
        **options: See `Labels`, with samples along the first axis as in `RegionScore`.

    Raises:
        ValueError: If an option is out of range.

    Source: Huttenlocher et al., Comparing Images Using the Hausdorff Distance, 1993.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.zeros((1, 8, 8), int).at[0, 1:3, 1:3].set(1)
        >>> preds = jnp.zeros((1, 8, 8), int).at[0, 1:3, 1:6].set(1)
        >>> float(jm.metrics.HausdorffDistance(num_classes=2)(target=target, preds=preds))
        3.0
        >>> float(jm.metrics.hausdorff_distance(target, preds, num_classes=2, spacing=(1, 0.5)))
        1.5
    """

    higher_is_better = False
    bounds = (0, None)
    total: Total
    weight: Total

    def __init__(
        self,
        *,
        include_background: bool = False,
        distance_metric: str = "euclidean",
        spacing: Sequence[float] | None = None,
        directed: bool = False,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(**options)
        one_of("distance_metric", distance_metric, tuple(_METRICS))
        self.first = 0 if include_background or (self.labels.shape or (1,)) == (1,) else 1
        self.distance_metric = distance_metric
        self.spacing = None if spacing is None else _steps_of(spacing)
        self.directed = directed
        self.total = Total.zeros(dtype=self.dtype)
        self.weight = Total.zeros(dtype=self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; `sample_weight` has one number for each sample."""
        batch = self.labels.compare(target, preds, None, mask)
        check_has_pixels(batch, self.labels)
        true, predicted = (
            regions(x, self.labels, batch.weight != 0)[:, self.first :]
            for x in (batch.target, batch.preds)
        )
        axes = tuple(range(2, true.ndim))
        distance = hausdorff(
            _edges(true), _edges(predicted), self.distance_metric, self._steps(axes), self.directed
        )
        exists = true.any(axes), predicted.any(axes)
        distance = jnp.where(exists[0] & exists[1], distance, jnp.inf)
        weight = weights_of_samples(len(true), sample_weight)[:, None]
        weight = jnp.where(exists[0] | exists[1], weight, 0)
        summed = jnp.where(weight != 0, distance * weight, 0).sum()
        self.total = (self.total + summed).marked(check_rules(batch.rules))
        self.weight += weight.sum()

    def _steps(self, axes: tuple[int, ...]) -> tuple[float, ...]:
        if self.spacing is None:
            return (1.0,) * len(axes)
        if len(self.spacing) != len(axes):
            raise ValueError(
                f"spacing must have one number for each of the {len(axes)} axes of pixels, but is "
                f"{self.spacing}."
            )
        return self.spacing

    def compute(self) -> jax.Array:
        """The mean distance."""
        return self.total.value / self.weight.value


def _steps_of(spacing: Any) -> tuple[float, ...]:
    steps = np.asarray(spacing)
    if (
        steps.ndim != 1
        or steps.dtype.kind not in "iuf"
        or not np.all((steps > 0) & (steps < np.inf))
    ):
        raise ValueError(
            "spacing must be the distance between pixels along each axis, positive numbers such as "
            f"(1, 0.5), but is {spacing!r}."
        )
    return tuple(float(step) for step in steps)


def hausdorff(
    target: jax.Array,
    preds: jax.Array,
    distance_metric: str,
    spacing: tuple[float, ...],
    directed: bool,
) -> jax.Array:
    """The Hausdorff distance of sets of pixels, booleans `[samples, classes, ...]`."""
    axes = tuple(range(2, target.ndim))
    # With a largest step of about 2**40 no sum of squares overflows, and only steps that are 2**100
    # times as small vanish.
    exponent = math.frexp(max(spacing, default=1.0))[1] - 40
    spacing = tuple(math.ldexp(step, -exponent) for step in spacing)
    to_target = distance_transform(target, distance_metric, spacing)
    furthest = jnp.where(preds, to_target, 0).max(axes)
    if directed:
        return jnp.ldexp(furthest, exponent)
    to_preds = distance_transform(preds, distance_metric, spacing)
    furthest = jnp.maximum(furthest, jnp.where(target, to_preds, 0).max(axes))
    return jnp.ldexp(furthest, exponent)


def distance_transform(
    pixels: jax.Array, distance_metric: str, spacing: tuple[float, ...]
) -> jax.Array:
    """The distance of each pixel to the nearest pixel of a set, along all axes but the first two.

    The axes are processed one by one: each step takes the smallest combination of the distance
    along an axis with the distance along the axes before it.

    Args:
        pixels: Which pixels are in the set, `[samples, classes, ...]`.
        distance_metric: See `HausdorffDistance`.
        spacing: The distance between pixels along each axis.
    """
    combine, of_axis, of_result = _METRICS[distance_metric]
    distance = jnp.where(pixels, 0.0, jnp.inf)
    for axis, step in enumerate(spacing, 2):
        size = pixels.shape[axis]
        lines = jnp.moveaxis(distance, axis, 0)
        offset = of_axis(step * (jnp.arange(size)[:, None] - jnp.arange(size)).astype(float))
        shape = (size,) + (1,) * (lines.ndim - 1)

        def nearer(nearest: jax.Array, line: Any, shape: Any = shape) -> tuple[jax.Array, None]:
            values, offsets = line
            return jnp.minimum(nearest, combine(values, offsets.reshape(shape))), None

        lines, _ = jax.lax.scan(nearer, jnp.full_like(lines, jnp.inf), (lines, offset))
        distance = jnp.moveaxis(lines, 0, axis)
    return of_result(distance)


def _edges(region: jax.Array) -> jax.Array:
    """The pixels of regions with a neighbour outside, or at the border, along some axis."""
    inner = region
    for axis in range(2, region.ndim):
        width = [(0, 0)] * region.ndim
        width[axis] = (1, 1)
        wide = jnp.pad(region, width)
        size = region.shape[axis]
        for first in (0, 2):
            inner &= jax.lax.slice_in_dim(wide, first, first + size, axis=axis)
    return region & ~inner


hausdorff_distance = functional(HausdorffDistance)
