"""Collections of losses and metrics."""

from jax_metrics.metrics.collections._aux import AuxLosses as AuxLosses
from jax_metrics.metrics.collections._aux import AuxMetrics as AuxMetrics
from jax_metrics.metrics.collections._loss_and_logs import LossAndLogs as LossAndLogs
from jax_metrics.metrics.collections._losses import Losses as Losses
from jax_metrics.metrics.collections._metrics import Metrics as Metrics
