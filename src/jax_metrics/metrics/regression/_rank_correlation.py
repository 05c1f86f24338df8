"""Rank correlations: Spearman's rho and Kendall's tau."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.counts import geometric_mean
from jax_metrics.metrics.regression._from_rows import (
    FromRows,
    RowsOptions,
    all_same,
    function_of_rows,
)
from jax_metrics.metrics.regression._outputs import Multioutput
from jax_metrics.metrics.regression._rank_tests import (
    ALTERNATIVES,
    METHODS,
    MOST_EXACT,
    RankCorrelation,
    p_value_of_rho,
    p_value_of_tau,
)
from jax_metrics.metrics.regression._ranks import inversions, ranks
from jax_metrics.metrics.state import power_of_two, scale

VARIANTS = ("a", "b", "c")


class FromRanks(FromRows):
    """The base of metrics of the order of numbers.

    Args:
        p_value: Whether the value is a `RankCorrelation`: `statistic`, the correlation, and
            `p_value`, the probability of a correlation at least as far from 0 for independent
            variables.
        alternative: The correlations that the p-value counts as far from 0: `"two-sided"`,
            `"greater"` or `"less"`.
        capacity: As in `FromRows`.
        **options: `num_outputs` and `multioutput`, as in `FromRows`.
    """

    bounds = (-1, 1)

    def __init__(
        self,
        *,
        p_value: bool = False,
        alternative: str = "two-sided",
        capacity: int,
        **options: Unpack[RowsOptions],
    ):
        super().__init__(capacity=capacity, **options)
        one_of("alternative", alternative, ALTERNATIVES)
        if p_value and self.multioutput != "raw_values":
            raise ValueError(
                "p-values of several outputs have no average: leave out multioutput, or p_value."
            )
        self.p_value, self.alternative = p_value, alternative


class SpearmanCorrCoef(FromRanks):
    """Spearman's rho: the correlation of the ranks of targets and predictions, from -1 to 1.

    Equal values share the mean of their ranks. NaN before the first update, where all targets or
    all predictions are the same, and if there are more rows than `capacity`. The p-value is from
    Student's t distribution.

    Source: Spearman, The Proof and Measurement of Association between Two Things, 1904.

    Args:
        **options: `p_value` and `alternative`, as in `FromRanks`; `capacity`, `num_outputs`
            and `multioutput`, as in `FromRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 20.0, 300.0])
        >>> rho = jm.metrics.SpearmanCorrCoef(capacity=100)
        >>> print(f"{rho(target=target, preds=preds):.4f}")
        1.0000
        >>> print(f"{jm.metrics.spearman_corrcoef(target, -preds):.4f}")
        -1.0000
        >>> target, preds = jnp.arange(9), jnp.array([2, 1, 4, 3, 0, 6, 8, 5, 7])
        >>> print(f"{jm.metrics.spearman_corrcoef(target, preds, p_value=True).p_value:.4f}")
        0.0298
    """

    higher_is_better = True

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """The correlation of the ranks."""
        total = weight.sum()
        fraction = weight / total
        a, b = (ranks(x, weight).middle / total - 0.5 for x in (target, preds))
        a, b = (x - (fraction * x).sum() for x in (a, b))
        products = ((fraction * x * y).sum() for x, y in ((a, b), (a, a), (b, b)))
        covariance, variance_a, variance_b = products
        constant = all_same(target, weight) | all_same(preds, weight)
        rho = covariance / geometric_mean(variance_a, variance_b)
        rho = jnp.where(constant, jnp.nan, jnp.clip(rho, -1, 1))
        if not self.p_value:
            return rho
        return RankCorrelation(rho, p_value_of_rho(rho, total, self.alternative))


class KendallRankCorrCoef(FromRanks):
    """Kendall's tau: concordant minus discordant pairs, divided by a number of pairs.

    From -1 to 1. A pair is concordant if the larger target has the larger prediction, discordant if
    it has the smaller one; a pair with equal targets or predictions is tied and counts as neither.
    NaN before the first update, where all pairs are tied, and if there are more rows than
    `capacity`.

    Source: Kendall, A New Measure of Rank Correlation, 1938; Stuart, The Estimation and Comparison
    of Strengths of Association in Contingency Tables, 1953 (variant c).

    Args:
        variant: The divisor: `"a"`, the number of all pairs; `"b"`, the geometric mean of the
            numbers of pairs with different targets and with different predictions; `"c"`,
            `n**2 * (m - 1) / (2 * m)`, where m is the number of distinct targets or of distinct
            predictions, whichever is smaller.
        p_value: As in `FromRanks`; the same for all variants.
        alternative: As in `FromRanks`.
        method: How the p-value is computed: `"asymptotic"`, from the normal distribution;
            `"exact"`, from all orders of that many examples, which is NaN if there are ties and
            needs a capacity of at most 2,000; `"auto"`, exactly if there are no ties and either up
            to 33 examples or at most one pair out of order, as in SciPy, else asymptotically.
        capacity: As in `FromRows`.
        **options: `num_outputs` and `multioutput`, as in `FromRows`.

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
        p_value: bool = False,
        alternative: str = "two-sided",
        method: str = "auto",
        capacity: int,
        **options: Unpack[RowsOptions],
    ):
        super().__init__(
            p_value=p_value,
            alternative=alternative,
            capacity=capacity,
            **options,
        )
        one_of("variant", variant, VARIANTS)
        one_of("method", method, METHODS)
        if p_value and method == "exact" and capacity > MOST_EXACT:
            raise ValueError(
                f'method="exact" is for a capacity of at most {MOST_EXACT}, but it is {capacity}: '
                'choose "auto".'
            )
        self.variant, self.method = variant, method

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> Any:
        """The value of tau."""
        a, b = ranks(target, weight), ranks(preds, weight)
        total = weight.sum()
        # Sorted by target, discordant pairs are those whose predictions are out of order. Equal
        # targets are sorted by prediction, so tied pairs are never out of order.
        order = jnp.lexsort((b.group, a.group))
        # Tau does not depend on the unit of the weights, and products of very large or very small
        # ones would leave the floats.
        exponent = scale(total)
        factor = power_of_two(-exponent, weight.dtype)
        group, weight_, whole = b.group[order], weight[order] * factor, total * factor
        discordant = inversions(group, weight_)
        new = (a.group[order][1:] != a.group[order][:-1]) | (group[1:] != group[:-1])
        joint = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(new, dtype=jnp.int32)])
        joint_weight = jnp.zeros_like(weight).at[joint].add(weight_)[joint]
        same_target, same_preds = (x.weight[x.group][order] * factor for x in (a, b))
        # Twice the number of pairs that differ in the target, in the prediction, in both: summed
        # over rows as the weight of the other rows, since squares of the total would be rounded.
        in_target, in_preds, in_both = (
            (weight_ * (whole - same).clip(0)).sum()
            for same in (same_target, same_preds, same_target + same_preds - joint_weight)
        )
        difference = in_both - 4 * discordant
        if self.variant == "a":
            pairs = whole * (whole - factor)
        elif self.variant == "b":
            pairs = geometric_mean(in_target, in_preds)
        else:
            distinct = jnp.minimum(*((x.weight > 0).sum() for x in (a, b)))
            pairs = whole**2 * (distinct - 1) / distinct
        constant = all_same(target, weight) | all_same(preds, weight)
        tied = 0 / pairs if self.variant == "a" else jnp.nan
        tau = jnp.where(constant, tied, jnp.clip(difference / pairs, -1, 1))
        if not self.p_value:
            return tau
        surplus = jnp.ldexp(difference / 2, 2 * exponent)  # concordant minus discordant pairs
        p_value = p_value_of_tau(surplus, a, b, total, self.alternative, self.method)
        return RankCorrelation(tau, p_value)


class SpearmanFunction(Protocol):
    """The type of `spearman_corrcoef`."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        p_value: bool = False,
        alternative: str = "two-sided",
        capacity: int | None = None,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
    ) -> Any:
        """The value of one batch."""
        ...


class KendallFunction(Protocol):
    """The type of `kendall_rank_corrcoef`."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        variant: str = "b",
        p_value: bool = False,
        alternative: str = "two-sided",
        method: str = "auto",
        capacity: int | None = None,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
    ) -> Any:
        """The value of one batch."""
        ...


spearman_corrcoef: SpearmanFunction = function_of_rows(SpearmanCorrCoef, "spearman_corrcoef")
kendall_rank_corrcoef: KendallFunction = function_of_rows(
    KendallRankCorrCoef, "kendall_rank_corrcoef"
)
