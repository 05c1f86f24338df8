"""Layers. Those that Flax Linen has too are numerically the same, from the same key."""

from jax_metrics.nn import initializers as initializers
from jax_metrics.nn._containers import Lambda as Lambda
from jax_metrics.nn._containers import Sequential as Sequential
from jax_metrics.nn._containers import sequence as sequence
from jax_metrics.nn._conv import Conv as Conv
from jax_metrics.nn._dropout import Dropout as Dropout
from jax_metrics.nn._embed import Embed as Embed
from jax_metrics.nn._flax_layer import FlaxLayer as FlaxLayer
from jax_metrics.nn._linear import Linear as Linear
from jax_metrics.nn._mlp import MLP as MLP
from jax_metrics.nn._norm import BatchNorm as BatchNorm
from jax_metrics.nn._norm import LayerNorm as LayerNorm
from jax_metrics.nn._shape import Flatten as Flatten
