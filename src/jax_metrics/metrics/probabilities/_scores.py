"""What target and predictions mean where predictions are scores that are not made into labels."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._weights import counted, weights
from jax_metrics.metrics.classification._labels import Labels, as_labels

# How far the probabilities of all classes may be from 1 together: bfloat16 has eight bits.
_TOLERANCE = 0.02


class Scored(NamedTuple):
    """Labels and scores, ready to be compared.

    Attributes:
        target: Integers, `[...]` for binary and classes, `[..., num_labels]` for labels.
        scores: Probabilities or logits, of the shape of the predictions; 0 where nothing counts.
        weight: How much each target counts; integers without sample weights.
        rules: What must hold of all that counts.
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
) -> Scored:
    """Target and scores as they are declared; what depends on values is not checked yet.

    Args:
        labels: What they are: binary, classes or labels; logits or probabilities.
        target: Labels.
        preds: Floats; with classes, `[..., num_classes]`.
        sample_weight: How much each target counts.
        mask: Booleans: false leaves a target out.
        bounded: Whether scores that are no logits must be probabilities.

    Raises:
        ValueError: If shapes do not fit.
        TypeError: If a dtype does not fit.
    """
    target, scores = as_labels("target", target), as_float("preds", preds)
    labels.check_shapes(target, scores, True)
    weight = weights(target.shape, sample_weight, mask, scores.dtype)
    if labels.ignore_index is not None:
        weight = jnp.where(target == labels.ignore_index, 0, weight)
    target, rule = labels.known("target", target, weight)
    scores = counted(scores, weight)
    if bounded and not labels.from_logits:
        numbers = Rule(
            (scores >= 0) & (scores <= 1),
            "preds must be probabilities from 0 to 1. If they are logits, give `from_logits=True`.",
        )
    else:
        numbers = Rule(~jnp.isnan(scores), "preds must be numbers, but some are NaN.")
    return Scored(target, scores, weight, (rule, numbers))


def probabilities(labels: Labels, scores: jax.Array) -> jax.Array:
    """The scores as probabilities."""
    if not labels.from_logits:
        return scores
    return jax.nn.sigmoid(scores) if labels.num_classes is None else jax.nn.softmax(scores)


def one_versus_rest(labels: Labels, target: jax.Array) -> jax.Array:
    """Whether each class or label is the right one: booleans of the shape of the scores."""
    if labels.num_classes is None:
        return target == 1
    return target[..., None] == jnp.arange(labels.num_classes)


def sums_to_one(labels: Labels, scored: Scored) -> tuple[Rule, ...]:
    """That the probabilities of all classes are those of one choice; nothing of other scores."""
    if labels.num_classes is None or labels.from_logits:
        return ()
    rule = Rule(
        (abs(scored.scores.sum(-1) - 1) < _TOLERANCE) | (scored.weight == 0),
        "preds must be probabilities that sum to 1 over the classes. Divide them by their sum, or "
        "give logits and `from_logits=True`.",
    )
    return (rule,)
