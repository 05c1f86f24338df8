"""R2, the coefficient of determination, and explained variance."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.regression._from_moments import Explained
from jax_metrics.metrics.regression._outputs import Multioutput


class R2Score(Explained):
    """The coefficient of determination, `1 - sum((target - preds)**2) / sum((target - mean)**2)`.

    1 is best, 0 is the score of predicting the mean of the targets. If all targets are the same, it
    is 1 for predictions without error, else 0. NaN before the first update. It is computed from
    centred moments, so it is accurate for targets around 1e6.

    Args:
        adjusted: The number of regressors to adjust for:
            `1 - (1 - R2) * (n - 1) / (n - adjusted - 1)`, where n is the sum of the weights; NaN
            while n is not greater than `adjusted + 1`.
        num_outputs: As in `Explained`.
        multioutput: As in `Explained`.
        **options: See `Metric`.

    Raises:
        ValueError: If `adjusted` is negative, `multioutput` unknown, or its weights do not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 2.0, 4.0])
        >>> print(f"{jm.metrics.R2Score()(target=target, preds=preds):.4f}")
        0.5000
        >>> print(f"{jm.metrics.r2_score(target, target, adjusted=1):.4f}")
        1.0000
    """

    def __init__(
        self,
        *,
        adjusted: int = 0,
        num_outputs: int | None = None,
        multioutput: Multioutput = "uniform_average",
        **options: Unpack[Common],
    ):
        super().__init__(num_outputs=num_outputs, multioutput=multioutput, **options)
        if adjusted < 0:
            raise ValueError(f"adjusted must be 0 or a number of regressors, but is {adjusted}.")
        self.adjusted = adjusted

    def compute(self) -> jax.Array:
        """The score."""
        score = self.explained(self.squared_errors)
        if self.adjusted:
            freedom = self.count - self.adjusted - 1
            freedom = jnp.where(freedom > 0, freedom, jnp.nan)
            score = 1 - (1 - score) * (self.count - 1) / freedom
        return self.averaged(score)


class ExplainedVariance(Explained):
    """The explained fraction of the variance, `1 - var(target - preds) / var(target)`.

    Unlike `R2Score` it ignores a constant error of all predictions. If all targets are the same, it
    is 1 for errors that are all the same, else 0. NaN before the first update.

    Args:
        **options: See `Explained`: `num_outputs` and `multioutput`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([3.0, 4.0, 5.0])
        >>> float(jm.metrics.ExplainedVariance()(target=target, preds=preds))
        1.0
        >>> float(jm.metrics.explained_variance(target, 2 * target))
        0.0
    """

    def compute(self) -> jax.Array:
        """The score."""
        return self.averaged(self.explained(self.squares[1]))


r2_score = functional(R2Score, "r2_score")
explained_variance = functional(ExplainedVariance)
