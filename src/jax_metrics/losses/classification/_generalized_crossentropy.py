"""Generalized crossentropy, for noisy labels."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between, explains_arguments, positive
from jax_metrics.losses.base import from_function
from jax_metrics.losses.labels import (
    at_label,
    check_probabilities,
    class_labels,
    either,
    log_softmax,
    nan_where,
    warn_of_probabilities,
)


@explains_arguments
def generalized_crossentropy(
    target: Any, preds: Any, *, q: float = 0.5, from_logits: bool = True
) -> jax.Array:
    """`(1 - p**q) / q`, with the probability `p` of the label.

    Predictions are logits by default. Probabilities need `from_logits=False`.

    Between the crossentropy (`q` near 0) and the absolute error (`q=1`), so wrong labels have less
    influence than in the crossentropy.

    Source: Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with
    Noisy Labels, https://arxiv.org/abs/1805.07836, 2018.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.
        q: The exponent, greater than 0 and at most 1.
        from_logits: Whether scores are logits; otherwise they are probabilities.

    Raises:
        ValueError: If a shape does not fit, `q` is out of range, or a label is not a class.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.generalized_crossentropy(jnp.array([0]), jnp.zeros((1, 4)))
        Array([1.], dtype=float32)
    """
    positive(q=q)
    between(0, 1, q=q)
    target, preds, wrong = class_labels(target, preds)
    if from_logits:
        warn_of_probabilities(preds)
        loss = -jnp.expm1(q * at_label(log_softmax(preds), target)) / q
    else:
        probability = at_label(preds, target)
        wrong = either(wrong, check_probabilities(preds, probability))
        # From the logarithm, since a small q takes the power close to 1.
        zero = probability == 0
        loss = -jnp.expm1(q * jnp.log(jnp.where(zero, 1, probability))) / q
        loss = jnp.where(zero, (1 - jnp.where(zero, probability, 1) ** q) / q, loss)
    return nan_where(wrong, loss)


class GeneralizedCrossentropy(from_function(generalized_crossentropy), init=False):
    """Reduces `generalized_crossentropy` over a batch, with the options of the function."""
