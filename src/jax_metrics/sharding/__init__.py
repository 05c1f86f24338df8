"""Models split over devices: rules that fail loudly, and what lies where."""

from jax_metrics.sharding._describe import describe as describe
from jax_metrics.sharding._errors import ShardingError as ShardingError
from jax_metrics.sharding._fsdp import fsdp as fsdp
from jax_metrics.sharding._init import init as init
from jax_metrics.sharding._rules import Rules as Rules
from jax_metrics.sharding._shard import shard as shard
from jax_metrics.sharding._shard import shardings as shardings
from jax_metrics.sharding._tensor_parallel import tensor_parallel as tensor_parallel
