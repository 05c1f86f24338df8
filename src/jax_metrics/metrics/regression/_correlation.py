"""Correlation and concordance of target and predictions."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.counts import geometric_mean
from jax_metrics.metrics.regression._from_moments import FromMoments
from jax_metrics.metrics.regression._outputs import averaged_outputs
from jax_metrics.metrics.state import Scaled


class PearsonCorrCoef(FromMoments):
    """Pearson's correlation, `cov(target, preds) / (std(target) * std(preds))`, from -1 to 1.

    NaN before the first update and where all targets or all predictions are the same. It is
    computed from centred moments, so it stays accurate under an offset.

    Args:
        **options: `num_outputs` and `multioutput`, as in `FromMoments`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0, 2.0, 3.0]), jnp.array([2.0, 4.0, 6.0])
        >>> print(f"{jm.metrics.PearsonCorrCoef()(target=target, preds=preds):.4f}")
        1.0000
        >>> print(f"{jm.metrics.pearson_corrcoef(target, -preds):.4f}")
        -1.0000
    """

    higher_is_better = True
    bounds = (-1, 1)

    def compute(self) -> jax.Array:
        """The correlation."""
        a, b = (squares.fraction for squares in self.squares)
        constant = (a == 0) | (b == 0)
        # The exponents cancel.
        correlation = self.moments.fractions[..., 0, 1] / geometric_mean(a, b)
        value = jnp.where(constant, jnp.nan, jnp.clip(correlation, -1, 1))
        return averaged_outputs(value, self.multioutput)


class ConcordanceCorrCoef(FromMoments):
    """Lin's concordance, `2 * cov / (var(target) + var(preds) + (difference of means)**2)`.

    From -1 to 1; unlike Pearson's correlation it is 1 only where target and predictions are equal.
    Variances and covariance are divided by n. NaN before the first update and where all targets and
    predictions are the same number.

    Source: Lin, A Concordance Correlation Coefficient to Evaluate Reproducibility, 1989.

    Args:
        **options: `num_outputs` and `multioutput`, as in `FromMoments`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0.0, 2.0]), jnp.array([2.0, 4.0])
        >>> print(f"{jm.metrics.ConcordanceCorrCoef()(target=target, preds=preds):.4f}")
        0.3333
        >>> print(f"{jm.metrics.concordance_corrcoef(target, target):.4f}")
        1.0000
    """

    higher_is_better = True
    bounds = (-1, 1)

    def compute(self) -> jax.Array:
        """The concordance."""
        a, b = self.squares
        mean, residual = self.moments.mean, self.moments.residual
        mean_difference = (mean[..., 0] - mean[..., 1]) + (residual[..., 0] - residual[..., 1])
        covariance = Scaled(
            jnp.where((a.fraction == 0) | (b.fraction == 0), 0, self.moments.fractions[..., 0, 1]),
            self.moments.exponent.sum(-1),
        )
        total = a.plus(b).plus(Scaled.square(mean_difference).times(self.count))
        value = jnp.clip(2 * covariance.over(total).value, -1, 1)
        return averaged_outputs(value, self.multioutput)


pearson_corrcoef = functional(PearsonCorrCoef, "pearson_corrcoef")
concordance_corrcoef = functional(ConcordanceCorrCoef, "concordance_corrcoef")
