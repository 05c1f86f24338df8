"""Divergences between distributions: Kullback-Leibler and Jensen-Shannon."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import bounded, explains_arguments, pair, safe_log
from jax_metrics.losses.base import from_function
from jax_metrics.losses.labels import (
    check_log_probabilities,
    check_probabilities,
    either,
    nan_where,
)

_SLACK = 2**-8  # how far rounding in bfloat16 may take the sum of probabilities from 1


@explains_arguments
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

    Predictions are logarithms of probabilities by default, `jax.nn.log_softmax` of logits; the
    target holds probabilities. Values that cannot be probabilities or their logarithms raise an
    error, or return NaN under `jit`, except for `generalized` measures.

    Elements with target probability 0 contribute 0. The loss is infinite if only the predicted
    probability is 0.

    Source: Kullback and Leibler, On Information and Sufficiency, 1951.

    Args:
        target: The true distributions, `[..., n]`.
        preds: The logarithms of the predicted distributions, of the same shape; for logits, their
            `jax.nn.log_softmax`.
        log_target: Whether `target` holds logarithms of probabilities.
        log_preds: Whether `preds` holds logarithms of probabilities.
        generalized: Whether to add `sum(preds - target)`, for measures that do not sum to 1.
        axis: The axis of the distributions, which is reduced.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.5]])
        >>> jm.losses.kl_divergence(target, preds, log_preds=False)
        Array([0.6931472], dtype=float32)
    """
    # Not optax' forms: they are NaN where both probabilities are 0.
    target, preds = pair(target, preds)
    wrong = None if generalized else _check_distributions(target, preds, log_target, log_preds)
    p = jnp.exp(target) if log_target else target
    q = jnp.exp(preds) if log_preds else preds
    log_p = target if log_target else safe_log(p, target)
    log_q = preds if log_preds else safe_log(p, preds)
    loss = _weighted_difference(p, log_p, log_q)
    if generalized:
        return jnp.sum(bounded(loss + q - p, 0), axis=axis)
    loss = jnp.sum(nan_where(wrong, loss), axis=axis)
    return jnp.where(_are_distributions(p, q, axis), bounded(loss, 0), loss)


def _check_distributions(
    target: jax.Array, preds: jax.Array, log_target: bool, log_preds: bool
) -> jax.Array | None:
    """Marks elements that are neither probabilities nor their logarithms, as specified."""
    wrong = None
    for name, values, log in (("target", target, log_target), ("preds", preds, log_preds)):
        option = f"log_{name}={log}"
        outside = (
            check_log_probabilities(name, values, option)
            if log
            else check_probabilities(values, name=name, option=option)
        )
        wrong = either(wrong, outside)
    return wrong


def _are_distributions(p: jax.Array, q: jax.Array, axis: int) -> jax.Array:
    """Whether both sum to 1, so that their divergence has bounds."""
    p_off, q_off = (abs(jnp.sum(x, axis=axis) - 1) for x in (p, q))
    return (p_off <= _SLACK) & (q_off <= _SLACK)


def _weighted_difference(factor: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """`factor * (a - b)` of logarithms; 0 if the factor is 0, even for minus infinities."""
    zero = factor == 0
    a, b = (jnp.where(zero & jnp.isneginf(x), 0, x) for x in (a, b))
    return factor * (a - b)


class KLDivergence(from_function(kl_divergence), init=False):
    """Reduces `kl_divergence` over a batch, with the options of the function."""


@explains_arguments
def jensen_shannon(
    target: Any,
    preds: Any,
    *,
    log_target: bool = False,
    log_preds: bool = True,
    axis: int = -1,
) -> jax.Array:
    """The mean Kullback-Leibler divergence of both distributions from their mean.

    It is symmetric and lies between 0 and `log(2)`. Predictions are logarithms of probabilities by
    default; see `kl_divergence`.

    Source: Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Args:
        target: The true distributions, `[..., n]`.
        preds: The logarithms of the predicted distributions, of the same shape.
        log_target: Whether `target` holds logarithms of probabilities.
        log_preds: Whether `preds` holds logarithms of probabilities.
        axis: The axis of the distributions, which is reduced.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[1.0, 0.0]])
        >>> jm.losses.jensen_shannon(target, preds, log_preds=False)
        Array([0.6931472], dtype=float32)
    """
    target, preds = pair(target, preds)
    wrong = _check_distributions(target, preds, log_target, log_preds)
    p, q = (jnp.exp(x) if log else x for x, log in ((target, log_target), (preds, log_preds)))
    log_p, log_q = (
        x if log else safe_log(x, x) for x, log in ((target, log_target), (preds, log_preds))
    )
    log_mean = safe_log(p + q, p + q) - math.log(2)
    loss = _weighted_difference(p, log_p, log_mean) + _weighted_difference(q, log_q, log_mean)
    # Logarithms of close probabilities cancel.
    loss = jnp.where(abs(p - q) <= 0.3 * (p + q), _close_divergence(p, q), loss)
    loss = 0.5 * jnp.sum(nan_where(wrong, loss), axis=axis)
    return jnp.where(_are_distributions(p, q, axis), bounded(loss, 0, math.log(2)), loss)


def _close_divergence(p: jax.Array, q: jax.Array) -> jax.Array:
    """`p * log(p / m) + q * log(q / m)` with the mean `m`, a power series of `(p - q) / (p + q)`.

    With `p = m * (1 + t)` and `q = m * (1 - t)` it is `m * sum(t**(2 * k) / (k * (2 * k - 1)))`.
    """
    total = p + q
    square = ((p - q) / jnp.where(total == 0, 1, total)) ** 2
    series = jnp.zeros_like(square)
    for k in range(12, 0, -1):  # 12 terms are exact in float64 up to t = 0.3
        series = square * (1 / (k * (2 * k - 1)) + series)
    return 0.5 * total * series


class JensenShannon(from_function(jensen_shannon), init=False):
    """Reduces `jensen_shannon` over a batch, with the options of the function."""
