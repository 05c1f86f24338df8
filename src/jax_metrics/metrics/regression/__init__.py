"""Metrics of predicted numbers."""

from jax_metrics.metrics.regression._mean_squared_error import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression._mean_squared_error import (
    RootMeanSquaredError as RootMeanSquaredError,
)
from jax_metrics.metrics.regression._mean_squared_error import (
    mean_squared_error as mean_squared_error,
)
from jax_metrics.metrics.regression._mean_squared_error import (
    root_mean_squared_error as root_mean_squared_error,
)
