"""What losses and metrics share: which arguments a call takes, and what it asks of them."""

from jax_metrics.arguments._arguments import Arguments as Arguments
from jax_metrics.arguments._arguments import Index as Index
from jax_metrics.arguments._arguments import as_path as as_path
from jax_metrics.arguments._default_name import DefaultName as DefaultName
from jax_metrics.arguments._inputs import as_float as as_float
from jax_metrics.arguments._inputs import between as between
from jax_metrics.arguments._inputs import log_of as log_of
from jax_metrics.arguments._inputs import one_of as one_of
from jax_metrics.arguments._inputs import pair as pair
from jax_metrics.arguments._inputs import positive as positive
from jax_metrics.arguments._inputs import same_shape as same_shape
from jax_metrics.arguments._inputs import signs as signs
from jax_metrics.arguments._inputs import times_log as times_log
