"""Wrappers: metrics of metrics."""

from jax_metrics.metrics.wrappers._boot_strapper import BootStrapper as BootStrapper
from jax_metrics.metrics.wrappers._by_group import ByGroup as ByGroup
from jax_metrics.metrics.wrappers._classwise import Classwise as Classwise
from jax_metrics.metrics.wrappers._confidence_interval import (
    ConfidenceInterval as ConfidenceInterval,
)
from jax_metrics.metrics.wrappers._min_max import MinMax as MinMax
from jax_metrics.metrics.wrappers._multioutput import Multioutput as Multioutput
from jax_metrics.metrics.wrappers._multitask import Multitask as Multitask
from jax_metrics.metrics.wrappers._paired_comparison import PairedComparison as PairedComparison
from jax_metrics.metrics.wrappers._proportion_interval import exact_interval as exact_interval
from jax_metrics.metrics.wrappers._proportion_interval import wilson_interval as wilson_interval
from jax_metrics.metrics.wrappers._running import Running as Running
from jax_metrics.metrics.wrappers._running import RunningMean as RunningMean
from jax_metrics.metrics.wrappers._running import RunningSum as RunningSum
from jax_metrics.metrics.wrappers._tracker import Tracker as Tracker
from jax_metrics.metrics.wrappers._transformed import Transformed as Transformed
