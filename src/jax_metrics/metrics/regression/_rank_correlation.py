"""Correlation of ranks: Spearman's rho and Kendall's tau."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.regression._from_rows import FromRows, all_same, function_of_rows
from jax_metrics.metrics.regression._ranks import inversions, ranks

VARIANTS = ("a", "b", "c")


class SpearmanCorrCoef(FromRows):
    """Spearman's rho: the correlation of the ranks of targets and predictions, from -1 to 1.

    Equal values share the mean of their ranks. NaN before the first update, where all targets or
    all predictions are the same, and when more rows came than `capacity`.

    Source: Spearman, The Proof and Measurement of Association between Two Things, 1904.

    Args:
        **options: `capacity` and `num_outputs`, as `FromRows` says.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 20.0, 300.0])
        >>> rho = jm.metrics.SpearmanCorrCoef(capacity=100)
        >>> print(f"{rho(target=target, preds=preds):.4f}")
        1.0000
        >>> print(f"{jm.metrics.spearman_corrcoef(target, -preds):.4f}")
        -1.0000
    """

    higher_is_better = True

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The correlation of the ranks."""
        total = weight.sum()
        share = weight / total
        a, b = (ranks(x, weight).middle / total - 0.5 for x in (target, preds))
        a, b = (x - (share * x).sum() for x in (a, b))
        products = ((share * x * y).sum() for x, y in ((a, b), (a, a), (b, b)))
        both, of_a, of_b = products
        constant = all_same(target, weight) | all_same(preds, weight)
        rho = both / (jnp.sqrt(of_a) * jnp.sqrt(of_b))
        return jnp.where(constant, jnp.nan, jnp.clip(rho, -1, 1))


class KendallRankCorrCoef(FromRows):
    """Kendall's tau: concordant minus discordant pairs, as a share of pairs, from -1 to 1.

    A pair is concordant if the one with the larger target has the larger prediction, discordant if
    it has the smaller one; with equal targets or predictions it is tied, and neither. NaN before
    the first update, where all pairs are tied, and when more rows came than `capacity`.

    Source: Kendall, A New Measure of Rank Correlation, 1938; Stuart, The Estimation and Comparison
    of Strengths of Association in Contingency Tables, 1953 (variant c).

    Args:
        variant: The pairs that the difference is a share of: `"a"`, all of them; `"b"`, the
            geometric mean of those with different targets and those with different predictions;
            `"c"`, `n**2 * (m - 1) / (2 * m)`, where m is the number of different targets or
            predictions, whichever is smaller.
        capacity: As in `FromRows`.
        num_outputs: As in `FromRows`.
        **options: Those of every metric.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 3.0, 2.0])
        >>> tau = jm.metrics.KendallRankCorrCoef(capacity=100)
        >>> print(f"{tau(target=target, preds=preds):.4f}")
        0.3333
        >>> print(f"{jm.metrics.kendall_rank_corrcoef(target, -target, variant='a'):.4f}")
        -1.0000
    """

    higher_is_better = True

    def __init__(
        self,
        *,
        variant: str = "b",
        capacity: int,
        num_outputs: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(capacity=capacity, num_outputs=num_outputs, **options)
        one_of("variant", variant, VARIANTS)
        self.variant = variant

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The share."""
        a, b = ranks(target, weight), ranks(preds, weight)
        total = weight.sum()
        # In order of the targets, discordant pairs are those whose predictions are out of order;
        # with equal targets in order of the predictions, no tied pair is among them.
        order = jnp.lexsort((b.group, a.group))
        group, weight_ = b.group[order], weight[order]
        discordant = inversions(group, weight_)
        new = (a.group[order][1:] != a.group[order][:-1]) | (group[1:] != group[:-1])
        both = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(new, dtype=jnp.int32)])
        together = jnp.zeros_like(weight).at[both].add(weight_)
        # Twice the pairs that differ in the target, in the prediction, and in both.
        in_target, in_preds, in_one = (
            total**2 - (x**2).sum() for x in (a.weight, b.weight, together)
        )
        in_both = in_target + in_preds - in_one
        difference = in_both - 4 * discordant
        if self.variant == "a":
            pairs = total * (total - 1)
        elif self.variant == "b":
            pairs = jnp.sqrt(in_target) * jnp.sqrt(in_preds)
        else:
            kinds = jnp.minimum(*((x.weight > 0).sum() for x in (a, b)))
            pairs = total**2 * (kinds - 1) / kinds
        constant = all_same(target, weight) | all_same(preds, weight)
        tied = 0 / pairs if self.variant == "a" else jnp.nan
        return jnp.where(constant, tied, jnp.clip(difference / pairs, -1, 1))


spearman_corrcoef = function_of_rows(SpearmanCorrCoef, "spearman_corrcoef")
kendall_rank_corrcoef = function_of_rows(KendallRankCorrCoef, "kendall_rank_corrcoef")
