"""Layers that change their inputs at random in training: dropout and noise."""

from jax_metrics.nn.noise._dropout import Dropout as Dropout
from jax_metrics.nn.noise._noise import AlphaDropout as AlphaDropout
from jax_metrics.nn.noise._noise import GaussianDropout as GaussianDropout
from jax_metrics.nn.noise._noise import GaussianNoise as GaussianNoise
from jax_metrics.nn.noise._noise import SpatialDropout as SpatialDropout
from jax_metrics.nn.noise._noise import StochasticDepth as StochasticDepth
from jax_metrics.nn.noise._random_layer import RandomLayer as RandomLayer
