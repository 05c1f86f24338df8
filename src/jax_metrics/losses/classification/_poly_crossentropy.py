"""Crossentropy with a modified first polynomial coefficient."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, multiply_log
from jax_metrics.losses.base import from_function
from jax_metrics.losses.labels import log_softmax, nan_where, one_hot_target, warn_of_probabilities


@explains_arguments
def poly_crossentropy(target: Any, preds: Any, *, epsilon: float = 2.0) -> jax.Array:
    """`crossentropy + epsilon * sum(target * (1 - p))`, from logits.

    Source: Leng et al., PolyLoss, https://arxiv.org/abs/2204.12511, 2022.

    Args:
        target: Integer labels `[...]`, or probabilities `[..., classes]`.
        preds: Logits, `[..., classes]`.
        epsilon: Added to the coefficient 1 of the first term; at least -1.

    Raises:
        ValueError: If a shape does not fit, or a label is not a class.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.poly_crossentropy(jnp.array([0]), jnp.array([[0.0, 1e4]]))
        Array([10002.], dtype=float32)
    """
    target, preds, wrong = one_hot_target(target, preds)
    warn_of_probabilities(preds, has_option=False)
    log = log_softmax(preds)
    # optax' poly_loss_cross_entropy has the same values, but NaN where a logit is minus infinity.
    loss = jnp.sum(epsilon * target * -jnp.expm1(log) - multiply_log(target, log), axis=-1)
    return nan_where(wrong, loss)


class PolyCrossentropy(from_function(poly_crossentropy), init=False):
    """Reduces `poly_crossentropy` over a batch, with the options of the function."""
