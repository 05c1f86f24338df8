"""A score of curves for each pair of classes, from the examples of these two alone."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import Points, exact_points
from jax_metrics.metrics.curves._score_state import ExactScores


def one_versus_one(
    state: ExactScores, score: Callable[[Points], jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """The score of each pair of classes, and the weight of its examples, `[classes, classes]`.

    The score of a pair is the mean of two scores, with either class as the positive one.

    Args:
        state: The scores of each class.
        score: Maps the points of several curves to one number for each.
    """
    scores, signed = state.rows.values[..., 0], state.rows.values[..., 1]
    is_target, weight = signed > 0, abs(signed)

    def of_class(index: jax.Array) -> tuple[jax.Array, jax.Array]:
        # The curve of this class against each other one; against itself there is no negative.
        negative = jnp.where(is_target, -weight, 0)
        against = jnp.where(is_target[:, index, None], weight, negative).T
        own = jnp.broadcast_to(scores[:, index], against.shape)
        points = exact_points(own, against, bounded=not state.keeps_logits)
        return score(points), points.positive + points.negative

    # One class at a time, since all pairs at once would take classes times the memory.
    values, count = jax.lax.map(of_class, jnp.arange(scores.shape[1]))
    is_invalid = state.overflowed | jnp.isnan(signed).any()
    return (values + values.T) / 2, jnp.where(is_invalid, jnp.nan, count)
