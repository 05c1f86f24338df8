"""Precision at given recalls, and recall, of detections by class, as COCO computes them."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics.detection._detections import Detections, bit

_DENOMINATOR = 10_000


class Curves(NamedTuple):
    """Precision and recall; NaN for a class without objects in a range of areas.

    Attributes:
        precision: The highest precision at a recall of at least each threshold, `[thresholds,
            recalls, classes, areas]`; 0 where that recall is not reached.
        scores: The scores there, of the same shape; 0 where that recall is not reached.
        recall: The recall with up to each maximum number of detections in an image,
            `[thresholds, classes, areas, maximums]`.
    """

    precision: jax.Array
    scores: jax.Array
    recall: jax.Array


def curves(
    detections: Detections,
    objects: jax.Array,
    recalls: Sequence[float],
    maximums: Sequence[int],
    thresholds: int,
) -> Curves:
    """The curves of detections.

    Args:
        detections: Sorted detections.
        objects: The number of true objects, `[classes, areas]`; NaN is passed on.
        recalls: The recalls at which to read the precision.
        maximums: The maximum numbers of detections of a class in an image, in increasing order.
        thresholds: The number of thresholds of overlap.
    """
    classes, areas = objects.shape
    needed = _needed(recalls, jnp.nan_to_num(objects).astype(jnp.int32))
    starts = jnp.searchsorted(detections.label, jnp.arange(classes + 1))
    within = jnp.minimum(
        jnp.searchsorted(jnp.array(maximums), detections.rank, side="right"), len(maximums)
    )
    cell = detections.label * len(maximums) + within
    last = detections.label.size - 1

    def of_setting(index: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        matched, ignored = bit(detections.matched, index), bit(detections.ignored, index)
        right, counts = (x * detections.repetitions for x in (matched & ~ignored, ~ignored))
        hits = jnp.zeros(classes * len(maximums), jnp.int32).at[cell].add(right, mode="drop")
        tp, counted = _per_class(right, starts), _per_class(counts, starts)
        precision = tp.within(detections.label) / jnp.maximum(counted.within(detections.label), 1)
        # Where each recall is reached; a recall of 0 by the first detection.
        wanted = needed[:, :, index // thresholds]
        place = jnp.searchsorted(tp.total, tp.before[:-1] + wanted)
        place = jnp.where(wanted == 0, starts[:-1], place)
        reached = (tp.before[:-1] + wanted <= tp.before[1:]) & (starts[:-1] < starts[1:])
        place = jnp.where(reached, place, last)
        # The highest precision between one recall and the next, and then from each on.
        marks = jnp.zeros(last + 1, jnp.int32).at[place].add(reached)
        recall = _per_class(marks, starts).within(detections.label)
        highest = jnp.zeros((classes, len(recalls) + 1)).at[detections.label, recall]
        highest = highest.max(precision, mode="drop")
        following = jax.lax.cummax(highest, axis=1, reverse=True)[:, 1:].T
        return (
            jnp.where(reached, following, 0),
            jnp.where(reached, detections.score[place], 0),
            hits.reshape(classes, -1).cumsum(-1),
        )

    found = jax.lax.map(of_setting, jnp.arange(areas * thresholds))
    precision, scores, hits = (x.reshape(areas, thresholds, *x.shape[1:]) for x in found)
    number = jnp.where(objects == 0, jnp.nan, objects)  # a class without objects has no curve
    exists = jnp.where(jnp.isnan(number), jnp.nan, 1.0).T[:, None, None]
    precision, scores = (jnp.moveaxis(x * exists, 0, -1) for x in (precision, scores))
    recall = hits / number.T[:, None, :, None]
    return Curves(precision, scores, jnp.moveaxis(recall, 0, 2))


def _needed(recalls: Sequence[float], objects: jax.Array) -> jax.Array:
    """How many of the objects must be found to reach each recall, `[recalls, *objects.shape]`.

    It is the smallest number whose fraction of the objects, in float64, is no less than the recall.
    Recalls are converted to fractions of small integers, so that this is exact: 0.07 of 100 objects
    are 7, unless the float that was given for 0.07 is larger than that of 7 / 100.
    """
    fractions = [Fraction(recall).limit_denominator(_DENOMINATOR) for recall in recalls]
    shape = (-1,) + (1,) * objects.ndim
    top = jnp.array([f.numerator for f in fractions]).reshape(shape)
    bottom = jnp.array([f.denominator for f in fractions]).reshape(shape)
    exceeds = [float(recall) > float(f) for recall, f in zip(recalls, fractions, strict=True)]
    # The parts of `top * objects / bottom`, which could be too large for an integer.
    whole, rest = top * (objects // bottom), top * (objects % bottom)
    needed = whole + (rest + bottom - 1) // bottom
    return needed + ((rest % bottom == 0) & np.array(exceeds).reshape(shape))


class _Counts(NamedTuple):
    """A running total over sorted detections.

    Attributes:
        total: The total up to each detection.
        before: The total before each class, and the total of all.
    """

    total: jax.Array
    before: jax.Array

    def within(self, label: jax.Array) -> jax.Array:
        """The total of the class up to each detection."""
        return self.total - self.before[label]


def _per_class(values: jax.Array, starts: jax.Array) -> _Counts:
    total = jnp.cumsum(values, dtype=jnp.int32)
    return _Counts(total, jnp.where(starts > 0, total[starts - 1], 0))
