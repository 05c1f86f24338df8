"""Theil's U, the uncertainty coefficient."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.clustering import entropies, mutual_information
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.nominal._association import Association, AssociationOptions
from jax_metrics.metrics.nominal._function import (
    MatrixFunction,
    VariablesFunction,
    function_of_matrix,
    function_of_variables,
)


class TheilsU(Association):
    """Theil's U: the fraction of the entropy of `preds` that `target` explains, from 0 to 1.

    `(H(preds) - H(preds | target)) / H(preds)`; 0 if `preds` are all the same. It is not symmetric.
    See `Association` for the options.

    Source: Theil, On the Estimation of Relationships Involving Qualitative Variables, 1970.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 0, 1, 1]), jnp.array([0, 0, 1, 2])
        >>> metric = jm.metrics.TheilsU(num_classes=3)
        >>> print(f"{metric(target=target, preds=preds):.4f}")
        0.6667
        >>> print(f"{jm.metrics.theils_u(preds, target):.4f}")
        1.0000
    """

    def __init__(self, **options: Unpack[AssociationOptions]):
        super().__init__(**options)

    def score(self, matrix: jax.Array) -> jax.Array:
        """The value of U."""
        value = divide(mutual_information(matrix), entropies(matrix)[1], 0.0)
        return jnp.minimum(value, 1)


theils_u: VariablesFunction[jax.Array] = function_of_variables(TheilsU, "theils_u")
theils_u_matrix: MatrixFunction[jax.Array] = function_of_matrix(TheilsU, "theils_u_matrix")
