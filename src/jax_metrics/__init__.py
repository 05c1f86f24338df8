"""JAX Metrics: a pytree Module system for deep learning in JAX."""

from jax_metrics import nn as nn
from jax_metrics import tree as tree
from jax_metrics._version import __version__ as __version__
