"""Arguments of functions and constructors: their names, places in structures, and checks."""

from jax_metrics.arguments._arguments import Arguments as Arguments
from jax_metrics.arguments._arguments import Index as Index
from jax_metrics.arguments._arguments import as_path as as_path
from jax_metrics.arguments._arguments import replaced as replaced
from jax_metrics.arguments._arguments import step_into as step_into
from jax_metrics.arguments._bounded import bounded as bounded
from jax_metrics.arguments._difference import split as split
from jax_metrics.arguments._difference import subtract as subtract
from jax_metrics.arguments._dtypes import refuse_dtype as refuse_dtype
from jax_metrics.arguments._foreign import refuse_foreign as refuse_foreign
from jax_metrics.arguments._functions import (
    constructor_names_arguments as constructor_names_arguments,
)
from jax_metrics.arguments._functions import explaining as explaining
from jax_metrics.arguments._functions import explains_arguments as explains_arguments
from jax_metrics.arguments._functions import names_arguments as names_arguments
from jax_metrics.arguments._functions import refuse_misfit as refuse_misfit
from jax_metrics.arguments._inputs import IDS as IDS
from jax_metrics.arguments._inputs import as_array as as_array
from jax_metrics.arguments._inputs import as_float as as_float
from jax_metrics.arguments._inputs import between as between
from jax_metrics.arguments._inputs import distinct as distinct
from jax_metrics.arguments._inputs import multiply_log as multiply_log
from jax_metrics.arguments._inputs import numbered as numbered
from jax_metrics.arguments._inputs import one_of as one_of
from jax_metrics.arguments._inputs import pair as pair
from jax_metrics.arguments._inputs import positive as positive
from jax_metrics.arguments._inputs import refuse_broadcast as refuse_broadcast
from jax_metrics.arguments._inputs import refuse_masked as refuse_masked
from jax_metrics.arguments._inputs import refuse_overflow as refuse_overflow
from jax_metrics.arguments._inputs import refuse_truncation as refuse_truncation
from jax_metrics.arguments._inputs import safe_log as safe_log
from jax_metrics.arguments._inputs import same_shape as same_shape
from jax_metrics.arguments._inputs import signs as signs
from jax_metrics.arguments._integers import equals as equals
from jax_metrics.arguments._integers import widened as widened
from jax_metrics.arguments._lengths import check_lengths as check_lengths
from jax_metrics.arguments._options import check_constructor as check_constructor
from jax_metrics.arguments._options import did_you_mean as did_you_mean
from jax_metrics.arguments._options import instead_of as instead_of
from jax_metrics.arguments._options import refuse_unknown as refuse_unknown
