"""Divergences between distributions: Kullback-Leibler and Jensen-Shannon."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import log_of, pair
from jax_metrics.losses._loss import Loss


def kl_divergence(
    target: Any,
    preds: Any,
    *,
    log_target: bool = False,
    log_preds: bool = True,
    generalized: bool = False,
    axis: int = -1,
) -> jax.Array:
    """The Kullback-Leibler divergence `sum(target * log(target / preds))`.

    What has the target probability 0 costs nothing; what has it not, but the predicted probability
    0, costs infinity.

    Source: Kullback and Leibler, On Information and Sufficiency, 1951.

    Args:
        target: The distributions that are right, `[..., n]`.
        preds: The logarithms of the predicted ones, of the same shape; of logits take
            `jax.nn.log_softmax`.
        log_target: Whether `target` holds logarithms of probabilities.
        log_preds: Whether `preds` holds logarithms of probabilities.
        generalized: Whether to add `sum(preds - target)`, for what does not sum up to 1.
        axis: The axis of the distributions; it goes away.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.5]])
        >>> jm.losses.kl_divergence(target, preds, log_preds=False)
        Array([0.6931472], dtype=float32)
    """
    # Not optax' forms: they are NaN where both probabilities are 0.
    target, preds = pair(target, preds)
    share = jnp.exp(target) if log_target else target
    mass = jnp.exp(preds) if log_preds else preds
    log_preds_of = preds if log_preds else log_of(share, preds)
    loss = _times_difference(share, target if log_target else log_of(share, target), log_preds_of)
    if generalized:
        loss = loss + mass - share
    return jnp.sum(loss, axis=axis)


def _times_difference(factor: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """`factor * (a - b)` of logarithms, where minus infinities do not matter if the factor is 0."""
    zero = factor == 0
    a, b = (jnp.where(zero & jnp.isneginf(x), 0, x) for x in (a, b))
    return factor * (a - b)


class KLDivergence(Loss):
    """The loss of `kl_divergence`, with its options.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.KLDivergence()
        >>> loss(target=jnp.array([[0.5, 0.5]]), preds=jax.nn.log_softmax(jnp.zeros((1, 2))))
        Array(0., dtype=float32)
    """

    log_target: bool = False
    log_preds: bool = True
    generalized: bool = False
    axis: int = -1

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `kl_divergence`."""
        return kl_divergence(
            target,
            preds,
            log_target=self.log_target,
            log_preds=self.log_preds,
            generalized=self.generalized,
            axis=self.axis,
        )


def jensen_shannon(
    target: Any,
    preds: Any,
    *,
    log_target: bool = False,
    log_preds: bool = True,
    axis: int = -1,
) -> jax.Array:
    """The mean Kullback-Leibler divergence of both distributions from their mean.

    It is symmetric and lies between 0 and `log(2)`.

    Source: Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Args:
        target: The distributions that are right, `[..., n]`.
        preds: The logarithms of the predicted ones, of the same shape.
        log_target: Whether `target` holds logarithms of probabilities.
        log_preds: Whether `preds` holds logarithms of probabilities.
        axis: The axis of the distributions; it goes away.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[1.0, 0.0]])
        >>> jm.losses.jensen_shannon(target, preds, log_preds=False)
        Array([0.6931472], dtype=float32)
    """
    target, preds = pair(target, preds)
    p, q = (jnp.exp(x) if log else x for x, log in ((target, log_target), (preds, log_preds)))
    log_p, log_q = (
        x if log else log_of(x, x) for x, log in ((target, log_target), (preds, log_preds))
    )
    middle = log_of(p + q, p + q) - math.log(2)
    both = _times_difference(p, log_p, middle) + _times_difference(q, log_q, middle)
    return 0.5 * jnp.sum(both, axis=axis)


class JensenShannon(Loss):
    """The loss of `jensen_shannon`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.JensenShannon(log_preds=False)
        >>> loss(target=jnp.array([[0.5, 0.5]]), preds=jnp.array([[0.5, 0.5]]))
        Array(0., dtype=float32)
    """

    log_target: bool = False
    log_preds: bool = True
    axis: int = -1

    def call(self, target: Any, preds: Any) -> jax.Array:
        """See `jensen_shannon`."""
        return jensen_shannon(
            target,
            preds,
            log_target=self.log_target,
            log_preds=self.log_preds,
            axis=self.axis,
        )
