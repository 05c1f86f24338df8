"""D2 scores: the explained fraction of a deviance, like R2 for the squared error."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between
from jax_metrics.losses import quantile
from jax_metrics.metrics._weighted_quantile import weighted_quantile
from jax_metrics.metrics.regression._from_rows import (
    FromRows,
    RowsFunction,
    RowsOptions,
    all_same,
    function_of_rows,
)
from jax_metrics.metrics.regression._outputs import Multioutput
from jax_metrics.metrics.regression._tweedie_deviance import (
    check_power,
    deviance_fault,
    tweedie_deviance,
)


class D2PinballScore(FromRows):
    """The explained fraction of the pinball loss, `1 - loss(preds) / loss(quantile)`.

    1 is best, 0 is the score of predicting the quantile of the targets. If all targets are the
    same, it is 1 for predictions without error, else 0. NaN before the first update and if
    there are more rows than `capacity`.

    Source: Koenker and Machado, Goodness of Fit and Related Inference Processes for Quantile
    Regression, 1999.

    Args:
        alpha: The predicted quantile, from 0 to 1.
        capacity: As in `FromRows`.
        **options: `num_outputs` and `multioutput`, as in `FromRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 3.0, 3.0])
        >>> d2 = jm.metrics.D2PinballScore(capacity=100)
        >>> print(f"{d2(target=target, preds=preds):.4f}")
        0.5000
        >>> print(f"{jm.metrics.d2_pinball_score(target, preds, alpha=0.9):.4f}")
        0.6667
    """

    higher_is_better = True
    bounds = (None, 1)

    def __init__(
        self,
        *,
        alpha: float = 0.5,
        capacity: int,
        **options: Unpack[RowsOptions],
    ):
        super().__init__(capacity=capacity, **options)
        between(0, 1, alpha=alpha)
        self.alpha = alpha

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The explained fraction."""
        best = jnp.full_like(target, weighted_quantile(target, weight, self.alpha))
        loss, baseline = (quantile(target, x, q=self.alpha) for x in (preds, best))
        return _explained(loss, baseline, target, weight)


class D2AbsoluteErrorScore(FromRows):
    """The explained fraction of the absolute error; 0 is the score of predicting the median.

    It is `D2PinballScore` with `alpha=0.5`.

    Args:
        **options: `capacity`, `num_outputs` and `multioutput`, as in `FromRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 3.0, 3.0])
        >>> d2 = jm.metrics.D2AbsoluteErrorScore(capacity=100)
        >>> print(f"{d2(target=target, preds=preds):.4f}")
        0.5000
        >>> print(f"{jm.metrics.d2_absolute_error_score(target, target):.4f}")
        1.0000
    """

    higher_is_better = True
    bounds = (None, 1)

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The explained fraction."""
        median = weighted_quantile(target, weight, 0.5)
        return _explained(jnp.abs(target - preds), jnp.abs(target - median), target, weight)


class D2TweedieScore(FromRows):
    """The explained fraction of the Tweedie deviance, `1 - deviance(preds) / deviance(mean)`.

    1 is best, 0 is the score of predicting the mean of the targets; with `power=0` it is R2. If all
    targets are the same, it is 1 for predictions without error, else 0. NaN before the first update
    and if there are more rows than `capacity`.

    Source: Hastie, Tibshirani and Wainwright, Statistical Learning with Sparsity, 2015.

    Args:
        power: As in `TweedieDevianceScore`.
        capacity: As in `FromRows`.
        **options: `num_outputs` and `multioutput`, as in `FromRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.5, 1.0, 2.5, 7.0]), jnp.array([1.0, 1.0, 5.0, 3.5])
        >>> d2 = jm.metrics.D2TweedieScore(power=1, capacity=100)
        >>> print(f"{d2(target=target, preds=preds):.4f}")
        0.4879
        >>> print(f"{jm.metrics.d2_tweedie_score(target, preds, power=2):.4f}")
        0.6308
    """

    higher_is_better = True
    bounds = (None, 1)

    def __init__(
        self,
        *,
        power: float = 0.0,
        capacity: int,
        **options: Unpack[RowsOptions],
    ):
        super().__init__(capacity=capacity, **options)
        self.power = check_power(power)
        if power != 0:  # which depends on an offset
            self.rounding_hint = "Convert them to floats if they may be rounded."

    def fault(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """NaN if a target or prediction is outside the support of the distribution."""
        return deviance_fault(target, preds, weight, self.power)

    def score(self, target: jax.Array, preds: jax.Array, weight: jax.Array) -> jax.Array:
        """The explained fraction."""
        fraction = weight / weight.sum()
        unit = _unit(target, preds, weight, self.power)
        target, preds = jnp.ldexp(target, -unit), jnp.ldexp(preds, -unit)
        mean = (fraction * target).sum()
        residual = (fraction * (target - mean)).sum()
        if self.power == 0:  # the squared error is the same without the offset, and more exact
            target, preds, mean = target - mean, preds - mean, jnp.zeros(())
        best = jnp.full_like(target, mean + residual)
        deviance, baseline = (tweedie_deviance(target, x, self.power) for x in (preds, best))
        return _explained(deviance, baseline, target, weight)


def _unit(target: jax.Array, preds: jax.Array, weight: jax.Array, power: float) -> jax.Array:
    """The exponent of the number with the largest deviance, by which all numbers are divided.

    The score does not depend on the unit. Deviances are powers, which could overflow or vanish.
    """
    sizes, included = jnp.abs(jnp.stack([target, preds])), weight != 0
    if power <= 2:
        size = sizes.max(initial=0, where=included)
    else:
        size = sizes.min(initial=jnp.inf, where=included)
    exponent = jnp.frexp(size)[1]
    return jnp.where(jnp.isfinite(size) & (size > 0), exponent, 0)


def _explained(
    loss: jax.Array, baseline: jax.Array, target: jax.Array, weight: jax.Array
) -> jax.Array:
    loss, baseline = (jnp.where(weight != 0, weight * x, 0).sum() for x in (loss, baseline))
    constant = all_same(target, weight)
    score = 1 - loss / jnp.where(constant, 1, baseline)
    score = jnp.where(constant, jnp.where(loss == 0, 1, 0), score)
    return jnp.where(weight.sum() == 0, jnp.nan, score)


class PinballFunction(Protocol):
    """The type of `d2_pinball_score`."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        alpha: float = 0.5,
        capacity: int | None = None,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
    ) -> jax.Array:
        """The value of one batch."""
        ...


class TweedieFunction(Protocol):
    """The type of `d2_tweedie_score`."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        power: float = 0.0,
        capacity: int | None = None,
        num_outputs: int | None = None,
        multioutput: Multioutput = "raw_values",
    ) -> jax.Array:
        """The value of one batch."""
        ...


d2_pinball_score: PinballFunction = function_of_rows(D2PinballScore, "d2_pinball_score")
d2_absolute_error_score: RowsFunction = function_of_rows(
    D2AbsoluteErrorScore, "d2_absolute_error_score"
)
d2_tweedie_score: TweedieFunction = function_of_rows(D2TweedieScore, "d2_tweedie_score")
