"""Metrics that look at scores through many thresholds."""

from jax_metrics.metrics.curves._auroc import AUROC as AUROC
from jax_metrics.metrics.curves._auroc import auroc as auroc
from jax_metrics.metrics.curves._average_precision import AveragePrecision as AveragePrecision
from jax_metrics.metrics.curves._average_precision import average_precision as average_precision
from jax_metrics.metrics.curves._curve import Curve as Curve
from jax_metrics.metrics.curves._curve import CurveScore as CurveScore
