"""Metrics of predicted classes and labels."""

from jax_metrics.metrics.classification._counting import Counting as Counting
from jax_metrics.metrics.classification._labels import Labels as Labels
from jax_metrics.metrics.classification._precision import Precision as Precision
from jax_metrics.metrics.classification._precision import precision as precision
