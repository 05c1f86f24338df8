"""Losses of predicted numbers."""

from jax_metrics.losses.regression._absolute_error import MeanAbsoluteError as MeanAbsoluteError
from jax_metrics.losses.regression._absolute_error import absolute_error as absolute_error
from jax_metrics.losses.regression._absolute_error import mean_absolute_error as mean_absolute_error
from jax_metrics.losses.regression._absolute_percentage_error import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from jax_metrics.losses.regression._absolute_percentage_error import (
    absolute_percentage_error as absolute_percentage_error,
)
from jax_metrics.losses.regression._absolute_percentage_error import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.losses.regression._huber import Huber as Huber
from jax_metrics.losses.regression._huber import SmoothL1 as SmoothL1
from jax_metrics.losses.regression._huber import huber as huber
from jax_metrics.losses.regression._huber import smooth_l1 as smooth_l1
from jax_metrics.losses.regression._log_cosh import LogCosh as LogCosh
from jax_metrics.losses.regression._log_cosh import log_cosh as log_cosh
from jax_metrics.losses.regression._quantile import Quantile as Quantile
from jax_metrics.losses.regression._quantile import quantile as quantile
from jax_metrics.losses.regression._squared_error import MeanSquaredError as MeanSquaredError
from jax_metrics.losses.regression._squared_error import mean_squared_error as mean_squared_error
from jax_metrics.losses.regression._squared_error import squared_error as squared_error
from jax_metrics.losses.regression._squared_logarithmic_error import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from jax_metrics.losses.regression._squared_logarithmic_error import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.losses.regression._squared_logarithmic_error import (
    squared_logarithmic_error as squared_logarithmic_error,
)
