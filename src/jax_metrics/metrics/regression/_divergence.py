"""Divergences of predicted distributions from target distributions."""

import math
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics import losses
from jax_metrics.arguments import pair
from jax_metrics.metrics._checks import check
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.regression._mean_over_rows import (
    MeanOverRows,
    RowOptions,
    function_over_rows,
)

_SLACK = 2**-7  # rounding of 16 bits


class Divergence(MeanOverRows):
    """The base of metrics that compare distributions along the last axis of `[..., n]`.

    Args:
        log_prob: Whether `target` and `preds` are logarithms of probabilities. If not, rows are
            divided by their sums, so that they may also be counts.
        **options: `reduction` and `capacity`, as in `MeanOverRows`.
    """

    higher_is_better = False

    def __init__(self, *, log_prob: bool = False, **options: Unpack[RowOptions]):
        super().__init__(**options)
        self.log_prob = log_prob

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of shape `[..., n]`."""
        target, preds = pair(target, preds)
        weight = weights(target.shape[:-1], sample_weight, mask)
        if self.log_prob:
            valid = jnp.all((target < _SLACK) & (preds < _SLACK), -1)
            fault = check(
                valid | (weight == 0),
                "target and preds must hold logarithms of probabilities, at most 0. If they are "
                "logits, apply `jax.nn.log_softmax`.",
            )
        else:
            invalid = jnp.any((target < 0) | (preds < 0), -1)
            sums = [x.sum(-1, keepdims=True) for x in (target, preds)]
            invalid |= ((sums[0] == 0) | (sums[1] == 0))[..., 0]
            fault = check(
                ~invalid | (weight == 0),
                "target and preds must hold probabilities: none below 0, and not all 0. If they "
                "are logarithms, give `log_prob=True`.",
            )
            target, preds = target / sums[0], preds / sums[1]
        self.add(self.values(target, preds) + fault, sample_weight, mask)


class KLDivergence(Divergence):
    """The mean Kullback-Leibler divergence, `sum(target * log(target / preds))` of each row.

    It is infinite if a probability is 0 in `preds` but not in `target`.

    Source: Kullback and Leibler, On Information and Sufficiency, 1951.

    Args:
        **options: See `Divergence`: `log_prob`, `reduction` and `capacity`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.5]])
        >>> print(f"{jm.metrics.KLDivergence()(target=target, preds=preds):.4f}")
        0.6931
        >>> print(f"{jm.metrics.kl_divergence(target, target):.4f}")
        0.0000
    """

    bounds = (0, None)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The divergences, `[...]`."""
        return losses.kl_divergence(
            target, preds, log_target=self.log_prob, log_preds=self.log_prob
        )


class JensenShannonDivergence(Divergence):
    """The mean Jensen-Shannon divergence: the mean of the KL divergences of both from their mean.

    It is symmetric and lies between 0 and log(2).

    Source: Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Args:
        **options: See `Divergence`: `log_prob`, `reduction` and `capacity`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 1.0]]), jnp.array([[1.0, 0.0]])
        >>> print(f"{jm.metrics.JensenShannonDivergence()(target=target, preds=preds):.4f}")
        0.6931
        >>> print(f"{jm.metrics.jensen_shannon_divergence(target, target):.4f}")
        0.0000
    """

    bounds = (0, math.log(2))

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The divergences, `[...]`."""
        return losses.jensen_shannon(
            target, preds, log_target=self.log_prob, log_preds=self.log_prob
        )


kl_divergence = function_over_rows(KLDivergence)
jensen_shannon_divergence = function_over_rows(JensenShannonDivergence)
