"""What all losses share: the class `Loss`, reductions, and classes made from functions."""

from jax_metrics.losses.base._from_function import LossOptions as LossOptions
from jax_metrics.losses.base._from_function import from_function as from_function
from jax_metrics.losses.base._from_function import values_of_terms as values_of_terms
from jax_metrics.losses.base._loss import Loss as Loss
from jax_metrics.losses.base._reduction import Reduction as Reduction
from jax_metrics.losses.base._reduction import Terms as Terms
from jax_metrics.losses.base._reduction import ratio as ratio
from jax_metrics.losses.base._reduction import sum_terms as sum_terms
