"""Metrics of plain values."""

from jax_metrics.metrics.aggregation._extremes import Max as Max
from jax_metrics.metrics.aggregation._extremes import Min as Min
from jax_metrics.metrics.aggregation._mean import Mean as Mean
from jax_metrics.metrics.aggregation._mean import Sum as Sum
