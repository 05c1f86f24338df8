"""Modules: Trees that are called, with random initialization, modes and a summary."""

from jax_metrics.module._activations import ACTIVATIONS as ACTIVATIONS
from jax_metrics.module._activations import laid_out as laid_out
from jax_metrics.module._calls import CALL_WRAPPER as CALL_WRAPPER
from jax_metrics.module._calls import Call as Call
from jax_metrics.module._calls import aliased_as as aliased_as
from jax_metrics.module._calls import calls_run_by as calls_run_by
from jax_metrics.module._calls import describe_place as describe_place
from jax_metrics.module._calls import used_before as used_before
from jax_metrics.module._calls import with_ties as with_ties
from jax_metrics.module._explicit_mesh import explicit_mesh as explicit_mesh
from jax_metrics.module._field_key import advance_key as advance_key
from jax_metrics.module._field_key import key_from_init as key_from_init
from jax_metrics.module._foreign_errors import describe_error as describe_error
from jax_metrics.module._foreign_errors import explain as explain
from jax_metrics.module._functional import compact_module as compact_module
from jax_metrics.module._functional import preserve_state as preserve_state
from jax_metrics.module._gradients import grad as grad
from jax_metrics.module._gradients import value_and_grad as value_and_grad
from jax_metrics.module._init import is_initializing as is_initializing
from jax_metrics.module._inputs import Initializer as Initializer
from jax_metrics.module._inputs import Inputs as Inputs
from jax_metrics.module._inputs import Named as Named
from jax_metrics.module._key_seq import KeySeq as KeySeq
from jax_metrics.module._keys import Key as Key
from jax_metrics.module._keys import iter_split as iter_split
from jax_metrics.module._keys import next_key as next_key
from jax_metrics.module._keys import rng_key as rng_key
from jax_metrics.module._kinds import BatchStat as BatchStat
from jax_metrics.module._kinds import BatchStats as BatchStats
from jax_metrics.module._kinds import Cache as Cache
from jax_metrics.module._kinds import Log as Log
from jax_metrics.module._kinds import LossLog as LossLog
from jax_metrics.module._kinds import MetricLog as MetricLog
from jax_metrics.module._kinds import MetricState as MetricState
from jax_metrics.module._kinds import ModelState as ModelState
from jax_metrics.module._kinds import OptState as OptState
from jax_metrics.module._kinds import Parameter as Parameter
from jax_metrics.module._kinds import Rng as Rng
from jax_metrics.module._kinds import State as State
from jax_metrics.module._kinds import TreePart as TreePart
from jax_metrics.module._module import Module as Module
from jax_metrics.module._module import is_trainable as is_trainable
from jax_metrics.module._num_parameters import num_parameters as num_parameters
from jax_metrics.module._place import place as place
from jax_metrics.module._resolve_ties import is_in_place as is_in_place
from jax_metrics.module._resolve_ties import value_at as value_at
from jax_metrics.module._sharing import SharingError as SharingError
from jax_metrics.module._sharing import check_sharing as check_sharing
from jax_metrics.module._tabulate import tabulate as tabulate
from jax_metrics.module._ties import all_ties as all_ties
from jax_metrics.module._ties import tie as tie
from jax_metrics.module._ties import ties as ties
from jax_metrics.module._ties import untie as untie
from jax_metrics.tree import TieError as TieError
from jax_metrics.tree import public_names as _public_names

# What other packages of the library use, and users do not need.
_HIDDEN = frozenset(
    "ACTIVATIONS advance_key aliased_as all_ties Call CALL_WRAPPER calls_run_by check_sharing "
    "describe_error describe_place explain explicit_mesh is_in_place is_initializing "
    "key_from_init laid_out place used_before value_at".split()
)


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), hidden=_HIDDEN)


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
