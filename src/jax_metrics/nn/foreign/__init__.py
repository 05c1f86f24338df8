"""Whole modules of Flax Linen, Flax NNX and Haiku as modules of this library."""

from jax_metrics.nn.foreign._flax_module import FlaxModule as FlaxModule
from jax_metrics.nn.foreign._haiku_module import HaikuModule as HaikuModule
from jax_metrics.nn.foreign._nnx_module import NNXModule as NNXModule
