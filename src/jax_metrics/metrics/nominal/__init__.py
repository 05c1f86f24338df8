"""Metrics of nominal variables, whose categories have no order."""

from jax_metrics.metrics.nominal._chi_squared import CramersV as CramersV
from jax_metrics.metrics.nominal._chi_squared import (
    PearsonsContingencyCoefficient as PearsonsContingencyCoefficient,
)
from jax_metrics.metrics.nominal._chi_squared import TschuprowsT as TschuprowsT
from jax_metrics.metrics.nominal._chi_squared import cramers_v as cramers_v
from jax_metrics.metrics.nominal._chi_squared import cramers_v_matrix as cramers_v_matrix
from jax_metrics.metrics.nominal._chi_squared import (
    pearsons_contingency_coefficient as pearsons_contingency_coefficient,
)
from jax_metrics.metrics.nominal._chi_squared import (
    pearsons_contingency_coefficient_matrix as pearsons_contingency_coefficient_matrix,
)
from jax_metrics.metrics.nominal._chi_squared import tschuprows_t as tschuprows_t
from jax_metrics.metrics.nominal._chi_squared import tschuprows_t_matrix as tschuprows_t_matrix
from jax_metrics.metrics.nominal._fleiss_kappa import FleissKappa as FleissKappa
from jax_metrics.metrics.nominal._fleiss_kappa import fleiss_kappa as fleiss_kappa
from jax_metrics.metrics.nominal._theils_u import TheilsU as TheilsU
from jax_metrics.metrics.nominal._theils_u import theils_u as theils_u
from jax_metrics.metrics.nominal._theils_u import theils_u_matrix as theils_u_matrix
