"""Crossentropy with its first polynomial term changed."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import times_log
from jax_metrics.losses._labels import nan_where, one_hot_target
from jax_metrics.losses._loss import Loss


def poly_crossentropy(target: Any, preds: Any, *, epsilon: float = 2.0) -> jax.Array:
    """`crossentropy + epsilon * sum(target * (1 - p))`, from logits.

    Source: Leng et al., PolyLoss, https://arxiv.org/abs/2204.12511, 2022.

    Args:
        target: Integer labels `[...]`, or probabilities `[..., classes]`.
        preds: Logits, `[..., classes]`.
        epsilon: What to add to the coefficient 1 of the first term; -1 at least.

    Raises:
        ValueError: If a shape does not fit, or a label is no class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.poly_crossentropy(jnp.array([0]), jnp.array([[0.0, 1e4]]))
        Array([10002.], dtype=float32)
    """
    target, preds, wrong = one_hot_target(target, preds)
    log = jax.nn.log_softmax(preds, axis=-1)
    # optax' poly_loss_cross_entropy has the same values, but NaN where a logit is minus infinity.
    loss = jnp.sum(epsilon * target * -jnp.expm1(log) - times_log(target, log), axis=-1)
    return nan_where(wrong, loss)


class PolyCrossentropy(Loss):
    """The loss of `poly_crossentropy`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.PolyCrossentropy(epsilon=-1.0)
        >>> print(f"{loss(target=jnp.array([0]), preds=jnp.zeros((1, 2))):.4f}")
        0.1931
    """

    epsilon: float = 2.0

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `poly_crossentropy`."""
        return poly_crossentropy(target, preds, epsilon=self.epsilon)
