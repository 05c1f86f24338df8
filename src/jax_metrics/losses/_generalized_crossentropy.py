"""Generalized crossentropy, for labels that are partly wrong."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between, positive
from jax_metrics.losses._labels import at_label, class_labels, nan_where
from jax_metrics.losses._loss import Loss


def generalized_crossentropy(
    target: Any, preds: Any, *, q: float = 0.5, from_logits: bool = True
) -> jax.Array:
    """`(1 - p**q) / q`, with the probability `p` of the label.

    It lies between the crossentropy (`q` near 0) and the absolute error (`q=1`), so single wrong
    labels pull less.

    Source: Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with
    Noisy Labels, https://arxiv.org/abs/1805.07836, 2018.

    Args:
        target: Integer labels, `[...]`.
        preds: Scores, `[..., classes]`.
        q: Greater than 0, and 1 at most.
        from_logits: Whether scores are logits; otherwise they are probabilities.

    Raises:
        ValueError: If a shape does not fit, `q` is out of range, or a label is no class.
        TypeError: If labels are no integers.

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
        loss = -jnp.expm1(q * at_label(jax.nn.log_softmax(preds, axis=-1), target)) / q
    else:
        loss = (1 - at_label(preds, target) ** q) / q
    return nan_where(wrong, loss)


class GeneralizedCrossentropy(Loss):
    """The loss of `generalized_crossentropy`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.GeneralizedCrossentropy(q=1.0)
        >>> loss(target=jnp.array([0]), preds=jnp.zeros((1, 4)))
        Array(0.75, dtype=float32)
    """

    q: float = 0.5
    from_logits: bool = True

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `generalized_crossentropy`."""
        return generalized_crossentropy(target, preds, q=self.q, from_logits=self.from_logits)
