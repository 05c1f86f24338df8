"""Metrics, and what they are made of."""

from jax_metrics.metrics._accumulator import Accumulator as Accumulator
from jax_metrics.metrics._aggregation import Max as Max
from jax_metrics.metrics._aggregation import Mean as Mean
from jax_metrics.metrics._aggregation import Min as Min
from jax_metrics.metrics._aggregation import Sum as Sum
from jax_metrics.metrics._buffer import Buffer as Buffer
from jax_metrics.metrics._checks import check as check
from jax_metrics.metrics._metric import Metric as Metric
from jax_metrics.metrics._moments import Moments as Moments
from jax_metrics.metrics._state import state as state
from jax_metrics.metrics._total import Total as Total
