"""Checks for custom layers, losses and metrics: the same that the library's own ones pass."""

from jax_metrics.testing._check_layer import check_layer as check_layer
from jax_metrics.testing._check_loss import check_loss as check_loss
from jax_metrics.testing._check_metric import check_metric as check_metric
