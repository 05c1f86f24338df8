"""Layers made of products with a kernel: linear, bilinear, embeddings, multilayer perceptrons."""

from jax_metrics.nn.linear._adaptive_log_softmax import AdaptiveLogSoftmax as AdaptiveLogSoftmax
from jax_metrics.nn.linear._bilinear import Bilinear as Bilinear
from jax_metrics.nn.linear._embed import Embed as Embed
from jax_metrics.nn.linear._feed_forward import FeedForward as FeedForward
from jax_metrics.nn.linear._linear import Einsum as Einsum
from jax_metrics.nn.linear._linear import Linear as Linear
from jax_metrics.nn.linear._linear import LinearGeneral as LinearGeneral
from jax_metrics.nn.linear._mlp import MLP as MLP
