"""JAX Metrics: a pytree Module system for deep learning in JAX.

This namespace has the base classes, kinds, functions on trees, all layers, and the collections of
losses and metrics.
Functional forms of layers are in `jm.nn`, losses in `jm.losses`, metrics in `jm.metrics`.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics import checkpoint as checkpoint
from jax_metrics import losses as losses
from jax_metrics import metrics as metrics
from jax_metrics import models as models
from jax_metrics import module as module
from jax_metrics import nn as nn
from jax_metrics import optim as optim
from jax_metrics import regularizers as regularizers
from jax_metrics import sharding as sharding
from jax_metrics import testing as testing
from jax_metrics import training as training
from jax_metrics import tree as tree
from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics._version import __version__ as __version__
from jax_metrics.checkpoint import Checkpointer as Checkpointer
from jax_metrics.checkpoint import CheckpointError as CheckpointError
from jax_metrics.checkpoint import ExportedModel as ExportedModel
from jax_metrics.checkpoint import export as export
from jax_metrics.checkpoint import load as load
from jax_metrics.checkpoint import load_exported as load_exported
from jax_metrics.checkpoint import load_state_dict as load_state_dict
from jax_metrics.checkpoint import save as save
from jax_metrics.checkpoint import state_dict as state_dict
from jax_metrics.losses import Loss as Loss
from jax_metrics.metrics import AuxLosses as AuxLosses
from jax_metrics.metrics import AuxMetrics as AuxMetrics
from jax_metrics.metrics import LossAndLogs as LossAndLogs
from jax_metrics.metrics import Losses as Losses
from jax_metrics.metrics import Metric as Metric
from jax_metrics.metrics import Metrics as Metrics
from jax_metrics.module import BatchStat as BatchStat
from jax_metrics.module import BatchStats as BatchStats
from jax_metrics.module import Cache as Cache
from jax_metrics.module import Initializer as Initializer
from jax_metrics.module import Inputs as Inputs
from jax_metrics.module import Key as Key
from jax_metrics.module import KeySeq as KeySeq
from jax_metrics.module import Log as Log
from jax_metrics.module import LossLog as LossLog
from jax_metrics.module import MetricLog as MetricLog
from jax_metrics.module import MetricState as MetricState
from jax_metrics.module import ModelState as ModelState
from jax_metrics.module import Module as Module
from jax_metrics.module import Named as Named
from jax_metrics.module import OptState as OptState
from jax_metrics.module import Parameter as Parameter
from jax_metrics.module import Rng as Rng
from jax_metrics.module import SharingError as SharingError
from jax_metrics.module import State as State
from jax_metrics.module import TieError as TieError
from jax_metrics.module import TreePart as TreePart
from jax_metrics.module import compact_module as compact_module
from jax_metrics.module import grad as grad
from jax_metrics.module import iter_split as iter_split
from jax_metrics.module import next_key as next_key
from jax_metrics.module import num_parameters as num_parameters
from jax_metrics.module import preserve_state as preserve_state
from jax_metrics.module import rng_key as rng_key
from jax_metrics.module import tie as tie
from jax_metrics.module import ties as ties
from jax_metrics.module import untie as untie
from jax_metrics.module import value_and_grad as value_and_grad
from jax_metrics.module import with_ties as with_ties
from jax_metrics.nn import GRU as GRU
from jax_metrics.nn import LSTM as LSTM
from jax_metrics.nn import MLP as MLP
from jax_metrics.nn import RNN as RNN
from jax_metrics.nn import AdaptiveAvgPool as AdaptiveAvgPool
from jax_metrics.nn import AdaptiveLogSoftmax as AdaptiveLogSoftmax
from jax_metrics.nn import AdaptiveMaxPool as AdaptiveMaxPool
from jax_metrics.nn import AlphaDropout as AlphaDropout
from jax_metrics.nn import AvgPool as AvgPool
from jax_metrics.nn import BatchNorm as BatchNorm
from jax_metrics.nn import Bidirectional as Bidirectional
from jax_metrics.nn import Bilinear as Bilinear
from jax_metrics.nn import Concatenate as Concatenate
from jax_metrics.nn import Conv as Conv
from jax_metrics.nn import ConvLocal as ConvLocal
from jax_metrics.nn import ConvLSTMCell as ConvLSTMCell
from jax_metrics.nn import ConvTranspose as ConvTranspose
from jax_metrics.nn import DepthwiseConv as DepthwiseConv
from jax_metrics.nn import Dropout as Dropout
from jax_metrics.nn import Einsum as Einsum
from jax_metrics.nn import Embed as Embed
from jax_metrics.nn import ExponentialMovingAverage as ExponentialMovingAverage
from jax_metrics.nn import FeedForward as FeedForward
from jax_metrics.nn import Flatten as Flatten
from jax_metrics.nn import FlaxLayer as FlaxLayer
from jax_metrics.nn import FlaxModule as FlaxModule
from jax_metrics.nn import GaussianDropout as GaussianDropout
from jax_metrics.nn import GaussianNoise as GaussianNoise
from jax_metrics.nn import GlobalAvgPool as GlobalAvgPool
from jax_metrics.nn import GlobalMaxPool as GlobalMaxPool
from jax_metrics.nn import GroupedQueryAttention as GroupedQueryAttention
from jax_metrics.nn import GroupNorm as GroupNorm
from jax_metrics.nn import GRUCell as GRUCell
from jax_metrics.nn import HaikuModule as HaikuModule
from jax_metrics.nn import Identity as Identity
from jax_metrics.nn import InstanceNorm as InstanceNorm
from jax_metrics.nn import Lambda as Lambda
from jax_metrics.nn import LayerNorm as LayerNorm
from jax_metrics.nn import LearnedPositionEmbedding as LearnedPositionEmbedding
from jax_metrics.nn import Linear as Linear
from jax_metrics.nn import LinearGeneral as LinearGeneral
from jax_metrics.nn import LinearRotaryScaling as LinearRotaryScaling
from jax_metrics.nn import Llama3RotaryScaling as Llama3RotaryScaling
from jax_metrics.nn import LoRA as LoRA
from jax_metrics.nn import LPPool as LPPool
from jax_metrics.nn import LSTMCell as LSTMCell
from jax_metrics.nn import MaxPool as MaxPool
from jax_metrics.nn import MGUCell as MGUCell
from jax_metrics.nn import MultiHeadAttention as MultiHeadAttention
from jax_metrics.nn import MultiHeadDotProductAttention as MultiHeadDotProductAttention
from jax_metrics.nn import NNXModule as NNXModule
from jax_metrics.nn import OptimizedLSTMCell as OptimizedLSTMCell
from jax_metrics.nn import OverwriteWithGradient as OverwriteWithGradient
from jax_metrics.nn import Pad as Pad
from jax_metrics.nn import PaddingMode as PaddingMode
from jax_metrics.nn import PixelShuffle as PixelShuffle
from jax_metrics.nn import PixelUnshuffle as PixelUnshuffle
from jax_metrics.nn import Policy as Policy
from jax_metrics.nn import PReLU as PReLU
from jax_metrics.nn import RecurrentLayer as RecurrentLayer
from jax_metrics.nn import Remat as Remat
from jax_metrics.nn import Reshape as Reshape
from jax_metrics.nn import Residual as Residual
from jax_metrics.nn import RMSNorm as RMSNorm
from jax_metrics.nn import RNNCellBase as RNNCellBase
from jax_metrics.nn import RotaryEmbedding as RotaryEmbedding
from jax_metrics.nn import SelfAttention as SelfAttention
from jax_metrics.nn import SeparableConv as SeparableConv
from jax_metrics.nn import Sequential as Sequential
from jax_metrics.nn import SimpleCell as SimpleCell
from jax_metrics.nn import SimpleRNN as SimpleRNN
from jax_metrics.nn import SinusoidalPositionEmbedding as SinusoidalPositionEmbedding
from jax_metrics.nn import SpatialDropout as SpatialDropout
from jax_metrics.nn import SpectralNorm as SpectralNorm
from jax_metrics.nn import Stack as Stack
from jax_metrics.nn import StochasticDepth as StochasticDepth
from jax_metrics.nn import TransformerDecoder as TransformerDecoder
from jax_metrics.nn import TransformerDecoderLayer as TransformerDecoderLayer
from jax_metrics.nn import TransformerEncoder as TransformerEncoder
from jax_metrics.nn import TransformerEncoderLayer as TransformerEncoderLayer
from jax_metrics.nn import Upsample as Upsample
from jax_metrics.nn import WeightNorm as WeightNorm
from jax_metrics.nn import initializers as initializers
from jax_metrics.nn import sequence as sequence
from jax_metrics.optim import Optimizer as Optimizer
from jax_metrics.tree import MISSING as MISSING
from jax_metrics.tree import NOTHING as NOTHING
from jax_metrics.tree import Apply as Apply
from jax_metrics.tree import ArrayLike as ArrayLike
from jax_metrics.tree import Compact as Compact
from jax_metrics.tree import CompactError as CompactError
from jax_metrics.tree import Copy as Copy
from jax_metrics.tree import Extensions as Extensions
from jax_metrics.tree import FieldInfo as FieldInfo
from jax_metrics.tree import FieldMetadata as FieldMetadata
from jax_metrics.tree import Filter as Filter
from jax_metrics.tree import FlattenMode as FlattenMode
from jax_metrics.tree import Hashable as Hashable
from jax_metrics.tree import Immutable as Immutable
from jax_metrics.tree import ImmutableTree as ImmutableTree
from jax_metrics.tree import KindMixin as KindMixin
from jax_metrics.tree import LeakedStateError as LeakedStateError
from jax_metrics.tree import LostStateWarning as LostStateWarning
from jax_metrics.tree import Map as Map
from jax_metrics.tree import Merge as Merge
from jax_metrics.tree import MergeError as MergeError
from jax_metrics.tree import Missing as Missing
from jax_metrics.tree import MutabilityError as MutabilityError
from jax_metrics.tree import Nothing as Nothing
from jax_metrics.tree import Repr as Repr
from jax_metrics.tree import StaticFieldError as StaticFieldError
from jax_metrics.tree import ToDict as ToDict
from jax_metrics.tree import ToString as ToString
from jax_metrics.tree import Tree as Tree
from jax_metrics.tree import TreeMeta as TreeMeta
from jax_metrics.tree import UnusedResultWarning as UnusedResultWarning
from jax_metrics.tree import add_field_info as add_field_info
from jax_metrics.tree import apply as apply
from jax_metrics.tree import compact as compact
from jax_metrics.tree import copy as copy
from jax_metrics.tree import dataclass as dataclass
from jax_metrics.tree import equal as equal
from jax_metrics.tree import field as field
from jax_metrics.tree import filter as filter
from jax_metrics.tree import flatten_mode as flatten_mode
from jax_metrics.tree import in_compact as in_compact
from jax_metrics.tree import make_mutable as make_mutable
from jax_metrics.tree import map as map
from jax_metrics.tree import merge as merge
from jax_metrics.tree import mutable as mutable
from jax_metrics.tree import node as node
from jax_metrics.tree import static as static
from jax_metrics.tree import to_dict as to_dict
from jax_metrics.tree import to_string as to_string
from jax_metrics.tree import toplevel_mutable as toplevel_mutable
from jax_metrics.tree import update as update

_MODULES = frozenset(
    "checkpoint initializers losses metrics models module nn optim regularizers sharding "
    "testing training tree".split()
)


def __dir__() -> list[str]:
    """The public names."""
    return tree.public_names(globals(), _MODULES)


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = [name for name in __dir__() if name != "__version__"]
    __getattr__ = _missing_name(__name__)
