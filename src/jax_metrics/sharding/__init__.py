"""Models split over devices: rules that fail loudly, and a report of what is where."""

from jax_metrics.sharding._activations import activations as activations
from jax_metrics.sharding._arguments import check_sharding as check_sharding
from jax_metrics.sharding._describe import describe as describe
from jax_metrics.sharding._errors import ShardingError as ShardingError
from jax_metrics.sharding._fsdp import fsdp as fsdp
from jax_metrics.sharding._global_batch import global_batch as global_batch
from jax_metrics.sharding._hosts import initialize as initialize
from jax_metrics.sharding._hosts import is_main as is_main
from jax_metrics.sharding._hosts import preempted as preempted
from jax_metrics.sharding._init import init as init
from jax_metrics.sharding._rules import Rules as Rules
from jax_metrics.sharding._shard import shard as shard
from jax_metrics.sharding._shard import shardings as shardings
from jax_metrics.sharding._tensor_parallel import tensor_parallel as tensor_parallel
from jax_metrics.tree import public_names as _public_names

_HIDDEN = frozenset({"check_sharding"})  # for other packages of the library


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), hidden=_HIDDEN)


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
