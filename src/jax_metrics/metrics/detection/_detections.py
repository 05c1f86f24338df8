"""The state of mean average precision: the matched detections, and the number of objects."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.metrics.detection._matching import Matches
from jax_metrics.metrics.state import Accumulator, Buffer, Total

_BITS = 32
_NUMBERS = 4  # those that precede the bits in a row


class Detections(NamedTuple):
    """Detections, sorted by class and then from the highest score to the lowest.

    Attributes:
        label: The class, `[n]`; the number of classes where there is no detection.
        score: `[n]`.
        rank: How many detections of the class precede each one in its image, `[n]`.
        repetitions: How often its image counts, `[n]`; 0 where there is no detection.
        matched: See `Matches`; as bits, `[n, words]`.
        ignored: Likewise.
    """

    label: jax.Array
    score: jax.Array
    rank: jax.Array
    repetitions: jax.Array
    matched: jax.Array
    ignored: jax.Array


class DetectionState(Accumulator):
    """The detections of all images, and the number of objects.

    Each detection takes a score, a class, a rank, a number of repetitions, and two bits for each
    range of areas and each threshold: 32 bytes, with four ranges and ten thresholds.

    Args:
        capacity: The maximum number of detections.
        objects: The shape of the numbers of objects, `(classes, areas)`.
        thresholds: The number of thresholds.
        dtype: Dtype of the counts.

    Attributes:
        rows: The detections, as rows of unsigned integers.
        objects: The number of true objects that are not ignored, `[classes, areas]`.
    """

    rows: Buffer
    objects: Total

    def __init__(self, capacity: int, objects: tuple[int, int], thresholds: int, dtype: Any):
        words = math.ceil(objects[1] * thresholds / _BITS)
        self.rows = Buffer(capacity, (_NUMBERS + 2 * words,), jnp.uint32)
        self.objects = Total.zeros(objects, dtype)

    def added(
        self,
        label: jax.Array,
        score: jax.Array,
        rank: jax.Array,
        repetitions: jax.Array,
        matches: Matches,
        valid: jax.Array,
        objects: jax.Array,
    ) -> "DetectionState":
        """The state with the detections of images added.

        Args:
            label: `[images, preds]`.
            score: Likewise.
            rank: Likewise.
            repetitions: How often each image counts, integers `[images]`.
            matches: `[images, preds, areas, thresholds]`.
            valid: Which detections exist, `[images, preds]`.
            objects: The numbers of objects in these images, `[classes, areas]`.
        """
        bits = jax.lax.bitcast_convert_type(score.astype(jnp.float32), jnp.uint32)
        often = jnp.broadcast_to(repetitions[:, None], label.shape)
        numbers = jnp.stack([bits, *(x.astype(jnp.uint32) for x in (label, rank, often))], -1)
        words = [_packed(x.reshape(*x.shape[:2], math.prod(x.shape[2:]))) for x in matches]
        rows = jnp.concatenate([numbers, *words], -1)
        valid = (valid & (often > 0)).reshape(-1)
        rows = self.rows.extended(rows.reshape(-1, rows.shape[-1]), valid)
        return self._replace(rows=rows, objects=self.objects + objects)

    def sorted(self) -> Detections:
        """The detections; those of equal score in the order in which they arrived."""
        rows, classes = self.rows.values, self.objects.high.shape[0]
        score = jax.lax.bitcast_convert_type(rows[:, 0], jnp.float32)
        label = jnp.where(self.rows.filled, rows[:, 1].astype(jnp.int32), classes)
        order = jnp.lexsort((-score, label))
        rows = rows[order]
        rank, repetitions = (rows[:, i].astype(jnp.int32) for i in (2, 3))
        matched, ignored = jnp.split(rows[:, _NUMBERS:], 2, axis=1)
        return Detections(label[order], score[order], rank, repetitions, matched, ignored)

    def neutral(self) -> "DetectionState":
        """No detections and no objects."""
        return self._replace(rows=self.rows.neutral(), objects=self.objects.neutral())

    def merged(self, other: "DetectionState") -> "DetectionState":
        """The detections and objects of both."""
        return self._replace(
            rows=self.rows.merged(other.rows), objects=self.objects + other.objects
        )


def bit(words: jax.Array, index: jax.Array) -> jax.Array:
    """One bit of each row of words, as booleans `[n]`."""
    word = jnp.take(words, index // _BITS, axis=1)
    return (word >> (index % _BITS).astype(jnp.uint32)) & 1 == 1


def _packed(bits: jax.Array) -> jax.Array:
    """Booleans `[..., n]` as words of 32 bits."""
    words = math.ceil(bits.shape[-1] / _BITS)
    padding = [(0, 0)] * (bits.ndim - 1) + [(0, words * _BITS - bits.shape[-1])]
    bits = jnp.pad(bits, padding).reshape(*bits.shape[:-1], words, _BITS)
    return (bits.astype(jnp.uint32) << jnp.arange(_BITS, dtype=jnp.uint32)).sum(
        -1, dtype=jnp.uint32
    )
