"""Layers that normalize activations or weights."""

from jax_metrics.nn.normalization._norm import BatchNorm as BatchNorm
from jax_metrics.nn.normalization._norm import GroupNorm as GroupNorm
from jax_metrics.nn.normalization._norm import InstanceNorm as InstanceNorm
from jax_metrics.nn.normalization._norm import LayerNorm as LayerNorm
from jax_metrics.nn.normalization._norm import RMSNorm as RMSNorm
from jax_metrics.nn.normalization._weight_norm import SpectralNorm as SpectralNorm
from jax_metrics.nn.normalization._weight_norm import WeightNorm as WeightNorm
