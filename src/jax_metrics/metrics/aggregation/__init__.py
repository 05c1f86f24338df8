"""Metrics of plain values, without targets and predictions."""

from jax_metrics.metrics.aggregation._cat import Cat as Cat
from jax_metrics.metrics.aggregation._extremes import Max as Max
from jax_metrics.metrics.aggregation._extremes import Min as Min
from jax_metrics.metrics.aggregation._last_value import LastValue as LastValue
from jax_metrics.metrics.aggregation._mean import Mean as Mean
from jax_metrics.metrics.aggregation._mean import Sum as Sum
from jax_metrics.metrics.aggregation._reduce import Reduce as Reduce
from jax_metrics.metrics.aggregation._throughput import Throughput as Throughput
from jax_metrics.metrics.aggregation._variance import StandardError as StandardError
from jax_metrics.metrics.aggregation._variance import Std as Std
from jax_metrics.metrics.aggregation._variance import Variance as Variance
