"""How target and predictions are read by metrics that use the scores themselves, not labels."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_array, as_float, equals
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics.inputs._exact import exact_scores
from jax_metrics.metrics.inputs._labels import Labels, as_labels, refuse_swapped
from jax_metrics.metrics.inputs._largest import largest
from jax_metrics.metrics.inputs._weights import weights, where_weighted

# How far the sum of the probabilities of all classes may be from 1: bfloat16 has eight bits.
_TOLERANCE = 0.02


class ScoreBatch(NamedTuple):
    """Target labels and scores of a batch.

    Attributes:
        target: Integers, `[...]` for binary and classes, `[..., num_labels]` for labels.
        scores: Probabilities or logits, of the shape of the predictions; 0 where the weight is 0.
        weight: The weight of each target; integers without sample weights.
        rules: Conditions on all values whose weight is not zero, yet to be checked.
    """

    target: jax.Array
    scores: jax.Array
    weight: jax.Array
    rules: tuple[Rule, ...]


def read_scores(
    labels: Labels,
    target: Any,
    preds: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    bounded: bool = True,
) -> ScoreBatch:
    """Target labels and scores; conditions on their values are returned as rules.

    Args:
        labels: Whether they are binary, classes or labels, and logits or probabilities.
        target: Labels.
        preds: Floats; with classes, `[..., num_classes]`.
        sample_weight: The weight of each target.
        mask: Booleans: false excludes a target.
        bounded: Whether scores that are not logits must be probabilities.

    Raises:
        ValueError: If shapes do not match.
        TypeError: If a dtype is not allowed.
    """
    refuse_swapped(target, preds)
    given, dtype = jnp.asarray(target), as_float("preds", preds).dtype
    given, scores = labels.with_classes_last(given, as_array("preds", preds), True)
    target = as_labels("target", given)
    labels.check_shapes(target, scores, True)
    weight = weights(target.shape, sample_weight, mask, dtype)
    if labels.ignore_index is not None:
        weight = jnp.where(equals(given, labels.ignore_index), 0, weight)
    target, target_rule = labels.replace_unknown("target", target, weight)
    if bounded and not labels.from_logits:
        scores = where_weighted(scores.astype(dtype), weight)
        rule = Rule(
            (scores >= 0) & (scores <= 1),
            "preds must be probabilities from 0 to 1. If they are logits, give `from_logits=True`.",
        )
    else:
        scores = where_weighted(exact_scores(scores, dtype, weight), weight)
        rule = Rule(~jnp.isnan(scores), "preds must be numbers, but some are NaN.")
    return ScoreBatch(target, scores, weight, (target_rule, rule))


def as_probabilities(labels: Labels, scores: jax.Array) -> jax.Array:
    """The scores as probabilities: unchanged, or the sigmoid or softmax of logits."""
    if not labels.from_logits:
        return scores
    return jax.nn.sigmoid(scores) if labels.num_classes is None else jax.nn.softmax(scores)


def as_smaller_probabilities(labels: Labels, scores: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The smaller of `p` and `1 - p`, without subtracting from 1; and whether it is `1 - p`."""
    if not labels.from_logits:
        return jnp.minimum(scores, 1 - scores), scores > 0.5
    if labels.num_classes is None:
        return jax.nn.sigmoid(-abs(scores)), scores > 0
    probabilities = jax.nn.softmax(scores)
    best, _ = largest(scores)
    is_best = best[..., None] == jnp.arange(scores.shape[-1])
    others = jnp.where(is_best, 0, probabilities).sum(-1, keepdims=True)
    is_above = probabilities > 0.5
    return jnp.where(is_above, others, probabilities), is_above


def as_log_odds(labels: Labels, scores: jax.Array) -> jax.Array:
    """Logits as log odds, which distinguish probabilities close to 1.

    For classes, they are `log(p / (1 - p))` of the softmax, computed without `1 - p`; logits of
    binary targets and labels are already log odds.
    """
    if labels.num_classes is None:
        return scores
    # The rest of the largest logit is the other logits; the rest of any other includes the largest.
    best, largest_score = largest(scores)
    is_best = best[..., None] == jnp.arange(scores.shape[-1])
    others = jnp.where(is_best, -jnp.inf, scores)
    second = others.max(-1, keepdims=True)
    largest_score = largest_score[..., None]
    powers = jnp.where(is_best, 0, jnp.exp(_difference(scores, largest_score)))
    rest = jnp.where(is_best, 0, (powers.sum(-1, keepdims=True) - powers).clip(0))
    log_odds = _difference(scores, largest_score) - jnp.log1p(rest)
    to_second = jnp.where(is_best, 0, jnp.exp(_difference(scores, second))).sum(-1, keepdims=True)
    log_odds_of_best = _difference(largest_score, second) - jnp.log(to_second)
    return jnp.where(is_best, log_odds_of_best, log_odds)


def _difference(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.where(a == b, 0, a - b)  # including equal infinities


def one_versus_rest(labels: Labels, target: jax.Array) -> jax.Array:
    """Whether each class or label is correct: booleans of the shape of the scores."""
    if labels.num_classes is None:
        return target == 1
    return target[..., None] == jnp.arange(labels.num_classes)


def sum_to_one(labels: Labels, batch: ScoreBatch) -> tuple[Rule, ...]:
    """The rule that probabilities of classes sum to 1; no rule for other scores."""
    if labels.num_classes is None or labels.from_logits:
        return ()
    rule = Rule(
        (abs(batch.scores.sum(-1) - 1) < _TOLERANCE) | (batch.weight == 0),
        "preds must be probabilities that sum to 1 over the classes. Divide them by their sum, or "
        "give logits and `from_logits=True`.",
    )
    return (rule,)
