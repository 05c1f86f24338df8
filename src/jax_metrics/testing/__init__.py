"""Checks for custom layers, losses and metrics, and for what devices send to each other."""

from jax_metrics.testing._check_layer import check_layer as check_layer
from jax_metrics.testing._check_loss import check_loss as check_loss
from jax_metrics.testing._check_metric import check_metric as check_metric
from jax_metrics.testing._collectives import Collective as Collective
from jax_metrics.testing._collectives import Collectives as Collectives
from jax_metrics.testing._collectives import collectives as collectives
