"""Layers. Those that Flax Linen also has give the same numbers, from the same key."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.nn import initializers as initializers
from jax_metrics.nn._padding import check_mask as check_mask
from jax_metrics.nn._standing_for import standing_for as standing_for
from jax_metrics.nn.attention import GroupedQueryAttention as GroupedQueryAttention
from jax_metrics.nn.attention import LearnedPositionEmbedding as LearnedPositionEmbedding
from jax_metrics.nn.attention import LinearRotaryScaling as LinearRotaryScaling
from jax_metrics.nn.attention import Llama3RotaryScaling as Llama3RotaryScaling
from jax_metrics.nn.attention import MultiHeadAttention as MultiHeadAttention
from jax_metrics.nn.attention import MultiHeadDotProductAttention as MultiHeadDotProductAttention
from jax_metrics.nn.attention import RotaryEmbedding as RotaryEmbedding
from jax_metrics.nn.attention import SelfAttention as SelfAttention
from jax_metrics.nn.attention import SinusoidalPositionEmbedding as SinusoidalPositionEmbedding
from jax_metrics.nn.attention import TransformerDecoder as TransformerDecoder
from jax_metrics.nn.attention import TransformerDecoderLayer as TransformerDecoderLayer
from jax_metrics.nn.attention import TransformerEncoder as TransformerEncoder
from jax_metrics.nn.attention import TransformerEncoderLayer as TransformerEncoderLayer
from jax_metrics.nn.attention import cached_length as cached_length
from jax_metrics.nn.attention import combine_masks as combine_masks
from jax_metrics.nn.attention import dot_product_attention as dot_product_attention
from jax_metrics.nn.attention import dot_product_attention_weights as dot_product_attention_weights
from jax_metrics.nn.attention import init_cache as init_cache
from jax_metrics.nn.attention import make_attention_mask as make_attention_mask
from jax_metrics.nn.attention import make_causal_mask as make_causal_mask
from jax_metrics.nn.attention import remove_cache as remove_cache
from jax_metrics.nn.containers import Concatenate as Concatenate
from jax_metrics.nn.containers import Flatten as Flatten
from jax_metrics.nn.containers import Identity as Identity
from jax_metrics.nn.containers import Lambda as Lambda
from jax_metrics.nn.containers import PReLU as PReLU
from jax_metrics.nn.containers import Reshape as Reshape
from jax_metrics.nn.containers import Residual as Residual
from jax_metrics.nn.containers import Sequential as Sequential
from jax_metrics.nn.containers import celu as celu
from jax_metrics.nn.containers import elu as elu
from jax_metrics.nn.containers import gelu as gelu
from jax_metrics.nn.containers import glu as glu
from jax_metrics.nn.containers import hard_sigmoid as hard_sigmoid
from jax_metrics.nn.containers import hard_silu as hard_silu
from jax_metrics.nn.containers import hard_swish as hard_swish
from jax_metrics.nn.containers import hard_tanh as hard_tanh
from jax_metrics.nn.containers import leaky_relu as leaky_relu
from jax_metrics.nn.containers import log_sigmoid as log_sigmoid
from jax_metrics.nn.containers import log_softmax as log_softmax
from jax_metrics.nn.containers import logsumexp as logsumexp
from jax_metrics.nn.containers import normalize as normalize
from jax_metrics.nn.containers import one_hot as one_hot
from jax_metrics.nn.containers import pool as pool
from jax_metrics.nn.containers import relu as relu
from jax_metrics.nn.containers import relu6 as relu6
from jax_metrics.nn.containers import selu as selu
from jax_metrics.nn.containers import sequence as sequence
from jax_metrics.nn.containers import sigmoid as sigmoid
from jax_metrics.nn.containers import silu as silu
from jax_metrics.nn.containers import soft_sign as soft_sign
from jax_metrics.nn.containers import softmax as softmax
from jax_metrics.nn.containers import softplus as softplus
from jax_metrics.nn.containers import standardize as standardize
from jax_metrics.nn.containers import swish as swish
from jax_metrics.nn.containers import tanh as tanh
from jax_metrics.nn.convolution import AdaptiveAvgPool as AdaptiveAvgPool
from jax_metrics.nn.convolution import AdaptiveMaxPool as AdaptiveMaxPool
from jax_metrics.nn.convolution import AvgPool as AvgPool
from jax_metrics.nn.convolution import Conv as Conv
from jax_metrics.nn.convolution import ConvLocal as ConvLocal
from jax_metrics.nn.convolution import ConvTranspose as ConvTranspose
from jax_metrics.nn.convolution import DepthwiseConv as DepthwiseConv
from jax_metrics.nn.convolution import GlobalAvgPool as GlobalAvgPool
from jax_metrics.nn.convolution import GlobalMaxPool as GlobalMaxPool
from jax_metrics.nn.convolution import LPPool as LPPool
from jax_metrics.nn.convolution import MaxPool as MaxPool
from jax_metrics.nn.convolution import Pad as Pad
from jax_metrics.nn.convolution import PaddingMode as PaddingMode
from jax_metrics.nn.convolution import PixelShuffle as PixelShuffle
from jax_metrics.nn.convolution import PixelUnshuffle as PixelUnshuffle
from jax_metrics.nn.convolution import SeparableConv as SeparableConv
from jax_metrics.nn.convolution import Upsample as Upsample
from jax_metrics.nn.convolution import avg_pool as avg_pool
from jax_metrics.nn.convolution import max_pool as max_pool
from jax_metrics.nn.flax import FlaxLayer as FlaxLayer
from jax_metrics.nn.flax import OverwriteWithGradient as OverwriteWithGradient
from jax_metrics.nn.foreign import FlaxModule as FlaxModule
from jax_metrics.nn.foreign import HaikuModule as HaikuModule
from jax_metrics.nn.foreign import NNXModule as NNXModule
from jax_metrics.nn.linear import MLP as MLP
from jax_metrics.nn.linear import AdaptiveLogSoftmax as AdaptiveLogSoftmax
from jax_metrics.nn.linear import Bilinear as Bilinear
from jax_metrics.nn.linear import Einsum as Einsum
from jax_metrics.nn.linear import Embed as Embed
from jax_metrics.nn.linear import FeedForward as FeedForward
from jax_metrics.nn.linear import Linear as Linear
from jax_metrics.nn.linear import LinearGeneral as LinearGeneral
from jax_metrics.nn.noise import AlphaDropout as AlphaDropout
from jax_metrics.nn.noise import Dropout as Dropout
from jax_metrics.nn.noise import GaussianDropout as GaussianDropout
from jax_metrics.nn.noise import GaussianNoise as GaussianNoise
from jax_metrics.nn.noise import SpatialDropout as SpatialDropout
from jax_metrics.nn.noise import StochasticDepth as StochasticDepth
from jax_metrics.nn.normalization import BatchNorm as BatchNorm
from jax_metrics.nn.normalization import GroupNorm as GroupNorm
from jax_metrics.nn.normalization import InstanceNorm as InstanceNorm
from jax_metrics.nn.normalization import LayerNorm as LayerNorm
from jax_metrics.nn.normalization import RMSNorm as RMSNorm
from jax_metrics.nn.normalization import SpectralNorm as SpectralNorm
from jax_metrics.nn.normalization import WeightNorm as WeightNorm
from jax_metrics.nn.recurrent import GRU as GRU
from jax_metrics.nn.recurrent import LSTM as LSTM
from jax_metrics.nn.recurrent import RNN as RNN
from jax_metrics.nn.recurrent import Bidirectional as Bidirectional
from jax_metrics.nn.recurrent import ConvLSTMCell as ConvLSTMCell
from jax_metrics.nn.recurrent import GRUCell as GRUCell
from jax_metrics.nn.recurrent import LSTMCell as LSTMCell
from jax_metrics.nn.recurrent import MGUCell as MGUCell
from jax_metrics.nn.recurrent import OptimizedLSTMCell as OptimizedLSTMCell
from jax_metrics.nn.recurrent import RecurrentLayer as RecurrentLayer
from jax_metrics.nn.recurrent import RNNCellBase as RNNCellBase
from jax_metrics.nn.recurrent import SimpleCell as SimpleCell
from jax_metrics.nn.recurrent import SimpleRNN as SimpleRNN
from jax_metrics.nn.transforms import ExponentialMovingAverage as ExponentialMovingAverage
from jax_metrics.nn.transforms import LoRA as LoRA
from jax_metrics.nn.transforms import Policy as Policy
from jax_metrics.nn.transforms import Remat as Remat
from jax_metrics.nn.transforms import Stack as Stack
from jax_metrics.nn.transforms import apply_lora as apply_lora
from jax_metrics.nn.transforms import merge_lora as merge_lora
from jax_metrics.tree import public_names as _public_names

# What other packages of the library use, and users do not need.
_HIDDEN = frozenset({"check_mask", "standing_for"})


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), {"initializers"}, hidden=_HIDDEN)


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
