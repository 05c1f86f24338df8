"""Associations by chi-squared: Cramér's V, Tschuprow's T, Pearson's contingency coefficient."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import divide, geometric_mean
from jax_metrics.metrics.nominal._association import (
    Association,
    AssociationOptions,
    corrected,
    phi_squared,
)
from jax_metrics.metrics.nominal._function import (
    MatrixFunction,
    VariablesFunction,
    function_of_matrix,
    function_of_variables,
)


class CramersV(Association):
    """Cramér's V: the association of two nominal variables, from 0 to 1.

    `sqrt(phi2 / min(rows - 1, columns - 1))`, where phi2 is chi-squared over the number of
    examples. NaN where that divisor is 0.

    Args:
        bias_correction: Whether to apply Bergsma's correction of the bias with few examples; 2-by-2
            tables are then also corrected for continuity.
        **options: See `Association`.

    Sources: Cramér, Mathematical Methods of Statistics, 1946. Bergsma, A Bias-correction for
    Cramér's V and Tschuprow's T, 2013.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1, 2, 2]), jnp.array([0, 0, 1, 1, 2, 1])
        >>> metric = jm.metrics.CramersV(num_classes=3, bias_correction=False)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.8165
        >>> print(f"{jm.metrics.cramers_v(target, preds, bias_correction=False):.4f}")
        0.8165
    """

    def __init__(self, *, bias_correction: bool = True, **options: Unpack[AssociationOptions]):
        super().__init__(**options)
        self.bias_correction = bias_correction

    def score(self, matrix: jax.Array) -> jax.Array:
        """The value of V."""
        phi, rows, columns = corrected(matrix, bias_correction=self.bias_correction)
        value = divide(phi, jnp.minimum(rows, columns), jnp.nan)
        return jnp.clip(jnp.sqrt(value), 0, 1)


class TschuprowsT(CramersV):
    """Tschuprow's T: the association of two nominal variables, from 0 to 1.

    `sqrt(phi2 / sqrt((rows - 1) * (columns - 1)))`, where phi2 is chi-squared over the number of
    examples. NaN where that divisor is 0.

    Args:
        bias_correction: As in `CramersV`.
        **options: See `Association`.

    Source: Bergsma, A Bias-correction for Cramér's V and Tschuprow's T, 2013.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1, 2, 2]), jnp.array([0, 0, 1, 1, 2, 1])
        >>> metric = jm.metrics.TschuprowsT(num_classes=3, bias_correction=False)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.8165
        >>> print(f"{jm.metrics.tschuprows_t(target, preds, bias_correction=False):.4f}")
        0.8165
    """

    def score(self, matrix: jax.Array) -> jax.Array:
        """The value of T."""
        phi, rows, columns = corrected(matrix, bias_correction=self.bias_correction)
        value = divide(phi, geometric_mean(rows, columns), jnp.nan)
        return jnp.clip(jnp.sqrt(value), 0, 1)


class PearsonsContingencyCoefficient(Association):
    """Pearson's contingency coefficient: `sqrt(phi2 / (1 + phi2))`, from 0 to below 1.

    phi2 is chi-squared over the number of examples. See `Association` for the options.

    Source: Pearson, On the Theory of Contingency and Its Relation to Association and Normal
    Correlation, 1904.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1, 2, 2]), jnp.array([0, 0, 1, 1, 2, 1])
        >>> metric = jm.metrics.PearsonsContingencyCoefficient(num_classes=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.7559
        >>> print(f"{jm.metrics.pearsons_contingency_coefficient(target, preds):.4f}")
        0.7559
    """

    def __init__(self, **options: Unpack[AssociationOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The coefficient."""
        phi = phi_squared(matrix, continuity=False)
        return jnp.sqrt(phi / (1 + phi))


cramers_v: VariablesFunction[jax.Array] = function_of_variables(CramersV, "cramers_v")
tschuprows_t: VariablesFunction[jax.Array] = function_of_variables(TschuprowsT, "tschuprows_t")
pearsons_contingency_coefficient: VariablesFunction[jax.Array] = function_of_variables(
    PearsonsContingencyCoefficient, "pearsons_contingency_coefficient"
)
cramers_v_matrix: MatrixFunction[jax.Array] = function_of_matrix(CramersV, "cramers_v_matrix")
tschuprows_t_matrix: MatrixFunction[jax.Array] = function_of_matrix(
    TschuprowsT, "tschuprows_t_matrix"
)
pearsons_contingency_coefficient_matrix: MatrixFunction[jax.Array] = function_of_matrix(
    PearsonsContingencyCoefficient, "pearsons_contingency_coefficient_matrix"
)
