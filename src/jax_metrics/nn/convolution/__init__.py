"""Layers over spatial axes: convolution, pooling, padding, resampling."""

from jax_metrics.nn.convolution._adaptive_pooling import AdaptiveAvgPool as AdaptiveAvgPool
from jax_metrics.nn.convolution._adaptive_pooling import AdaptiveMaxPool as AdaptiveMaxPool
from jax_metrics.nn.convolution._conv import Conv as Conv
from jax_metrics.nn.convolution._conv import ConvLocal as ConvLocal
from jax_metrics.nn.convolution._conv import ConvTranspose as ConvTranspose
from jax_metrics.nn.convolution._depthwise_conv import DepthwiseConv as DepthwiseConv
from jax_metrics.nn.convolution._depthwise_conv import SeparableConv as SeparableConv
from jax_metrics.nn.convolution._global_pooling import GlobalAvgPool as GlobalAvgPool
from jax_metrics.nn.convolution._global_pooling import GlobalMaxPool as GlobalMaxPool
from jax_metrics.nn.convolution._pad import Pad as Pad
from jax_metrics.nn.convolution._pad import PaddingMode as PaddingMode
from jax_metrics.nn.convolution._pool_functions import avg_pool as avg_pool
from jax_metrics.nn.convolution._pool_functions import max_pool as max_pool
from jax_metrics.nn.convolution._pooling import AvgPool as AvgPool
from jax_metrics.nn.convolution._pooling import LPPool as LPPool
from jax_metrics.nn.convolution._pooling import MaxPool as MaxPool
from jax_metrics.nn.convolution._resampling import PixelShuffle as PixelShuffle
from jax_metrics.nn.convolution._resampling import PixelUnshuffle as PixelUnshuffle
from jax_metrics.nn.convolution._resampling import Upsample as Upsample
