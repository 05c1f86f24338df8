"""Checks for what users build themselves: one call runs what the library's own parts must pass."""

from jax_metrics.testing._check_layer import check_layer as check_layer
from jax_metrics.testing._check_loss import check_loss as check_loss
from jax_metrics.testing._check_metric import check_metric as check_metric
