"""The points of a curve: what is above each threshold, from counts in bins or from all scores."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._bins import Thresholds, table_of

_ONE = np.uint32(0x3F800000)  # the bits of 1.0, the largest score: all of them fit into 30 bits
_NOTHING = np.uint32(0xFFFFFFFF)


class Points(NamedTuple):
    """What is above each threshold, from the highest threshold to the lowest one.

    Attributes:
        thresholds: `[points]`, or `[*shape, points]` where each class has its own.
        tp: How many positive examples have a score that is at least the threshold, or the sum of
            their weights, `[*shape, points]`.
        fp: Likewise of negative ones.
        positive: How many positive ones there are, `[*shape]`.
        negative: How many negative ones.
    """

    thresholds: jax.Array
    tp: jax.Array
    fp: jax.Array
    positive: jax.Array
    negative: jax.Array

    def completed(self) -> "Points":
        """The points from infinity, above which there is nothing, to 0, above which is all."""
        tp, fp, thresholds = (
            jnp.concatenate([_column(first, points), points, _column(last, points)], -1)
            for first, points, last in (
                (0, self.tp, self.positive),
                (0, self.fp, self.negative),
                (jnp.inf, self.thresholds, 0),
            )
        )
        return self._replace(thresholds=thresholds, tp=tp, fp=fp)

    @property
    def tpr(self) -> jax.Array:
        """The share of positive examples that are above: recall, or sensitivity."""
        return self.tp / self.positive[..., None]

    @property
    def fpr(self) -> jax.Array:
        """The share of negative examples that are above."""
        return self.fp / self.negative[..., None]

    @property
    def fnr(self) -> jax.Array:
        """The share of positive examples that are below."""
        return (self.positive[..., None] - self.tp) / self.positive[..., None]

    @property
    def specificity(self) -> jax.Array:
        """The share of negative examples that are below."""
        return (self.negative[..., None] - self.fp) / self.negative[..., None]

    @property
    def precision(self) -> jax.Array:
        """The share of positive ones among those above; 1 where there are none."""
        above = self.tp + self.fp
        return jnp.where(above == 0, 1, self.tp / jnp.where(above == 0, 1, above))


def _column(value: Any, points: jax.Array) -> jax.Array:
    value = jnp.asarray(value, points.dtype)
    return jnp.broadcast_to(value[..., None], (*points.shape[:-1], 1))


def binned_points(counts: jax.Array, thresholds: Thresholds) -> Points:
    """The points of counts of negative and positive ones in each bin, `[*shape, bins, 2]`."""
    above = jnp.cumsum(counts[..., ::-1, :], -2)
    negative, positive = above[..., -1, 0], above[..., -1, 1]
    table = table_of(thresholds, counts.dtype)[::-1]
    return Points(jnp.asarray(table), above[..., :-1, 1], above[..., :-1, 0], positive, negative)


def exact_points(scores: jax.Array, signed: jax.Array, *, bounded: bool) -> Points:
    """The points of all scores, each as a threshold; what does not count repeats the last point.

    Args:
        scores: `[*shape, examples]`.
        signed: Their weights; those of negative examples below 0. 0 does not count.
        bounded: Whether scores lie between 0 and 1.
    """
    scores = jnp.where(signed == 0, 0 if bounded else -jnp.inf, scores)
    if bounded and scores.dtype == jnp.float32:
        plain = ((signed == 0) | (abs(signed) == 1)).all()
        return jax.lax.cond(plain, _points_of_counts, _points_of_weights, scores, signed)
    return _points_of_weights(scores, signed)


def _points_of_counts(scores: jax.Array, signed: jax.Array) -> Points:
    """Sorts score and label as one integer, which is many times as fast as sorting pairs."""
    bits = jax.lax.bitcast_convert_type(abs(scores), jnp.uint32)
    key = ((_ONE - bits) << 1) | (signed > 0)
    key = jnp.sort(jnp.where(signed == 0, _NOTHING, key), axis=-1)
    counts = key != _NOTHING
    positive = counts & (key % 2 == 1)
    tp, fp = (jnp.cumsum(x, -1, jnp.int32) for x in (positive, counts & ~positive))
    rank = key >> 1
    tp, fp = _at_last_of_equals(rank, tp, fp)
    scores = jax.lax.bitcast_convert_type(jnp.where(counts, _ONE - rank, 0), scores.dtype)
    tp, fp = tp.astype(scores.dtype), fp.astype(scores.dtype)
    return Points(scores, tp, fp, tp[..., -1], fp[..., -1])


def _points_of_weights(scores: jax.Array, signed: jax.Array) -> Points:
    # Integers of the order of floats sort three times as fast as those.
    kind = jnp.int32 if scores.dtype == jnp.float32 else jnp.int64
    key, signed = jax.lax.sort((~_in_order(scores, kind), signed), dimension=-1, num_keys=1)
    weights = (jnp.where(signed < 0, 0, signed), jnp.where(signed > 0, 0, -signed))
    tp, fp = _at_last_of_equals(key, *(jnp.cumsum(weight, -1) for weight in weights))
    scores = jax.lax.bitcast_convert_type(_from_order(~key), scores.dtype)
    return Points(scores, tp, fp, tp[..., -1], fp[..., -1])


def _in_order(scores: jax.Array, kind: Any) -> jax.Array:
    return _from_order(jax.lax.bitcast_convert_type(scores + 0.0, kind))  # -0.0 is 0.0


def _from_order(bits: jax.Array) -> jax.Array:
    """Flips all bits but the sign of negative floats; flips them back, too."""
    return bits ^ ((bits >> (bits.dtype.itemsize * 8 - 1)) & jnp.iinfo(bits.dtype).max)


def _at_last_of_equals(keys: jax.Array, *sums: jax.Array) -> tuple[jax.Array, ...]:
    """Sums that rise, each as it is at the last of the keys that are equal."""
    last = jnp.concatenate(
        [keys[..., 1:] != keys[..., :-1], jnp.ones_like(keys[..., :1], bool)], -1
    )
    made = []
    for total in sums:
        whole = jnp.issubdtype(total.dtype, jnp.integer)
        beyond = jnp.iinfo(total.dtype).max if whole else jnp.inf
        kept = jnp.where(last, total, beyond)
        made.append(jax.lax.cummin(kept, axis=kept.ndim - 1, reverse=True))
    return tuple(made)
