"""Where values become NaN or infinite, and where time goes, by the paths of modules."""

from jax_metrics.training.debugging._bad_array import BadArray as BadArray
from jax_metrics.training.debugging._find_nan import find_nan as find_nan
from jax_metrics.training.debugging._profile import profile as profile
