"""The points of a curve: counts above each threshold, from binned counts or from all scores."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics.counts._bins import Thresholds, threshold_table
from jax_metrics.metrics.counts._running_sums import running_sums
from jax_metrics.metrics.state import power_of_two, scale

_ONE = np.uint32(0x3F800000)  # the bits of 1.0, the largest score: all of them fit into 30 bits
_IGNORED = np.uint32(0xFFFFFFFF)


class Points(NamedTuple):
    """The counts above each threshold, from the highest threshold to the lowest.

    Counts are sums of weights where there are sample weights.

    Attributes:
        thresholds: `[points]`, or `[*shape, points]` where each class has its own.
        tp: The number of positive examples with a score of at least the threshold,
            `[*shape, points]`.
        fp: The number of negative examples with such a score, of the same shape.
        positive: The number of all positive examples, `[*shape]`.
        negative: The number of all negative examples, `[*shape]`.
        fn: The number of positive examples with a score below the threshold, of the shape of `tp`.
            It is a sum of its own: a difference of sums of weights would round small ones away.
        tn: The number of negative examples with such a score.
    """

    thresholds: jax.Array
    tp: jax.Array
    fp: jax.Array
    positive: jax.Array
    negative: jax.Array
    fn: jax.Array
    tn: jax.Array

    def completed(self) -> "Points":
        """The points with an additional first one at infinity and a last one at 0."""
        tp, fp, fn, tn, thresholds = (
            jnp.concatenate([_column(first, points), points, _column(last, points)], -1)
            for first, points, last in (
                (0, self.tp, self.positive),
                (0, self.fp, self.negative),
                (self.positive, self.fn, 0),
                (self.negative, self.tn, 0),
                (jnp.inf, self.thresholds, 0),
            )
        )
        return self._replace(thresholds=thresholds, tp=tp, fp=fp, fn=fn, tn=tn)

    def scaled(self) -> "Points":
        """The points with counts in units of their own, whose products do not leave the floats.

        Positives and negatives are each divided by a power of two, 1 if there is an ordinary number
        of them, so that rates stay the same.
        """
        of_positive, of_negative = (
            power_of_two(-scale(total), total.dtype) for total in (self.positive, self.negative)
        )
        return self._replace(
            tp=self.tp * of_positive[..., None],
            fp=self.fp * of_negative[..., None],
            positive=self.positive * of_positive,
            negative=self.negative * of_negative,
            fn=self.fn * of_positive[..., None],
            tn=self.tn * of_negative[..., None],
        )

    @property
    def tpr(self) -> jax.Array:
        """The true positive rate: recall, or sensitivity."""
        return self.tp / self.positive[..., None]

    @property
    def fpr(self) -> jax.Array:
        """The false positive rate."""
        return self.fp / self.negative[..., None]

    @property
    def fnr(self) -> jax.Array:
        """The false negative rate."""
        return self.fn / self.positive[..., None]

    @property
    def specificity(self) -> jax.Array:
        """The true negative rate."""
        return self.tn / self.negative[..., None]

    @property
    def precision(self) -> jax.Array:
        """The fraction of positives among examples above the threshold; 1 where there are none."""
        above = self.tp + self.fp
        return jnp.where(above == 0, 1, self.tp / jnp.where(above == 0, 1, above))


def _column(value: Any, points: jax.Array) -> jax.Array:
    value = jnp.asarray(value, points.dtype)
    return jnp.broadcast_to(value[..., None], (*points.shape[:-1], 1))


def binned_points(counts: jax.Array, thresholds: Thresholds) -> Points:
    """The points from the counts of negatives and positives in each bin, `[*shape, bins, 2]`."""
    above = running_sums(counts)
    negative, positive = above[..., -1, 0], above[..., -1, 1]
    below = jnp.minimum(running_sums(counts[..., ::-1, :]), above[..., -1:, :])[..., -2::-1, :]
    table = threshold_table(thresholds, counts.dtype)[::-1]
    return Points(
        jnp.asarray(table),
        above[..., :-1, 1],
        above[..., :-1, 0],
        positive,
        negative,
        below[..., 1],
        below[..., 0],
    )


def exact_points(scores: jax.Array, signed: jax.Array, *, bounded: bool) -> Points:
    """The points with each score as a threshold; ignored examples repeat the last point.

    Args:
        scores: `[*shape, examples]`.
        signed: Their weights, negated for negative examples; 0 means that the example is ignored.
        bounded: Whether scores lie between 0 and 1.
    """
    scores = jnp.where(signed == 0, 0 if bounded else -jnp.inf, scores)
    if bounded and scores.dtype == jnp.float32:
        unweighted = ((signed == 0) | (abs(signed) == 1)).all()
        return jax.lax.cond(unweighted, _unweighted_points, _weighted_points, scores, signed)
    return _weighted_points(scores, signed)


def _unweighted_points(scores: jax.Array, signed: jax.Array) -> Points:
    """Sorts score and label packed into one integer, many times as fast as sorting pairs."""
    bits = jax.lax.bitcast_convert_type(abs(scores), jnp.uint32)
    key = ((_ONE - bits) << 1) | (signed > 0)
    key = jnp.sort(jnp.where(signed == 0, _IGNORED, key), axis=-1)
    is_example = key != _IGNORED
    positive = is_example & (key % 2 == 1)
    tp, fp = (jnp.cumsum(x, -1, jnp.int32) for x in (positive, is_example & ~positive))
    rank = key >> 1
    tp, fp = _at_last_of_ties(rank, tp, fp)
    scores = jax.lax.bitcast_convert_type(jnp.where(is_example, _ONE - rank, 0), scores.dtype)
    sums = (tp, fp, tp[..., -1], fp[..., -1], tp[..., -1:] - tp, fp[..., -1:] - fp)
    return Points(scores, *(one.astype(scores.dtype) for one in sums))


def _weighted_points(scores: jax.Array, signed: jax.Array) -> Points:
    key, signed = jax.lax.sort((descending_key(scores), signed), dimension=-1, num_keys=1)
    weights = (jnp.where(signed < 0, 0, signed), jnp.where(signed > 0, 0, -signed))
    tp, fp = _at_last_of_ties(key, *(jnp.cumsum(weight, -1) for weight in weights))
    positive, negative = tp[..., -1], fp[..., -1]
    fn, tn = _after_ties(key, *weights)
    fn, tn = jnp.minimum(fn, positive[..., None]), jnp.minimum(tn, negative[..., None])
    scores = jax.lax.bitcast_convert_type(_flip_negative(~key), scores.dtype)
    return Points(scores, tp, fp, positive, negative, fn, tn)


def descending_key(scores: jax.Array) -> jax.Array:
    """Integers in the reverse order of the floats, which sort three times as fast.

    The largest integer comes after all floats, so it is free for entries that must come last.
    """
    dtype = jnp.int32 if scores.dtype == jnp.float32 else jnp.int64
    bits = jax.lax.bitcast_convert_type(scores, dtype)
    # -0.0 equals 0.0. A compiler would leave out `scores + 0.0`.
    bits = jnp.where(bits == jnp.iinfo(dtype).min, 0, bits)
    return ~_flip_negative(bits)


def _flip_negative(bits: jax.Array) -> jax.Array:
    """Flips all bits of negative numbers but the sign; applied twice, it is the identity.

    It maps the bits of floats to integers in the same order.
    """
    return bits ^ ((bits >> (bits.dtype.itemsize * 8 - 1)) & jnp.iinfo(bits.dtype).max)


def _after_ties(keys: jax.Array, *weights: jax.Array) -> tuple[jax.Array, ...]:
    """The sums of the weights after each key and all that equal it."""
    # From the last to the first: before each key, the sums up to the last of the keys behind it.
    keys = keys[..., ::-1]
    is_first = jnp.concatenate(
        [jnp.ones_like(keys[..., :1], bool), keys[..., 1:] != keys[..., :-1]], -1
    )
    results = []
    for weight in weights:
        before = jnp.cumsum(weight[..., ::-1], -1)
        before = jnp.concatenate([jnp.zeros_like(before[..., :1]), before[..., :-1]], -1)
        at_first = jnp.where(is_first, before, 0)
        results.append(jax.lax.cummax(at_first, axis=before.ndim - 1)[..., ::-1])
    return tuple(results)


def _at_last_of_ties(keys: jax.Array, *sums: jax.Array) -> tuple[jax.Array, ...]:
    """Cumulative sums, where equal keys all get the sum at the last of them."""
    is_last = jnp.concatenate(
        [keys[..., 1:] != keys[..., :-1], jnp.ones_like(keys[..., :1], bool)], -1
    )
    results = []
    for total in sums:
        is_integer = jnp.issubdtype(total.dtype, jnp.integer)
        largest = jnp.iinfo(total.dtype).max if is_integer else jnp.inf
        at_last = jnp.where(is_last, total, largest)
        results.append(jax.lax.cummin(at_last, axis=total.ndim - 1, reverse=True))
    return tuple(results)
