"""Metrics, and what they are made of."""

from jax_metrics.metrics._bincount import bincount as bincount
from jax_metrics.metrics._checks import check as check
from jax_metrics.metrics._composite import Composite as Composite
from jax_metrics.metrics._expression import Expression as Expression
from jax_metrics.metrics._functional import functional as functional
from jax_metrics.metrics._mean_of import MeanOf as MeanOf
from jax_metrics.metrics._metric import Metric as Metric
from jax_metrics.metrics.aggregation import Max as Max
from jax_metrics.metrics.aggregation import Mean as Mean
from jax_metrics.metrics.aggregation import Min as Min
from jax_metrics.metrics.aggregation import Sum as Sum
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import Labels as Labels
from jax_metrics.metrics.classification import Precision as Precision
from jax_metrics.metrics.classification import precision as precision
from jax_metrics.metrics.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from jax_metrics.metrics.regression import mean_squared_error as mean_squared_error
from jax_metrics.metrics.regression import root_mean_squared_error as root_mean_squared_error
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
