"""Containers, branches, changes of shape, activations, and plain functions."""

from jax_metrics.nn.containers._activation import PReLU as PReLU
from jax_metrics.nn.containers._branches import Concatenate as Concatenate
from jax_metrics.nn.containers._branches import Identity as Identity
from jax_metrics.nn.containers._branches import Residual as Residual
from jax_metrics.nn.containers._containers import Lambda as Lambda
from jax_metrics.nn.containers._containers import LayerList as LayerList
from jax_metrics.nn.containers._containers import Sequential as Sequential
from jax_metrics.nn.containers._containers import sequence as sequence
from jax_metrics.nn.containers._functions import celu as celu
from jax_metrics.nn.containers._functions import dot_product_attention as dot_product_attention
from jax_metrics.nn.containers._functions import (
    dot_product_attention_weights as dot_product_attention_weights,
)
from jax_metrics.nn.containers._functions import elu as elu
from jax_metrics.nn.containers._functions import gelu as gelu
from jax_metrics.nn.containers._functions import glu as glu
from jax_metrics.nn.containers._functions import hard_sigmoid as hard_sigmoid
from jax_metrics.nn.containers._functions import hard_silu as hard_silu
from jax_metrics.nn.containers._functions import hard_swish as hard_swish
from jax_metrics.nn.containers._functions import hard_tanh as hard_tanh
from jax_metrics.nn.containers._functions import leaky_relu as leaky_relu
from jax_metrics.nn.containers._functions import log_sigmoid as log_sigmoid
from jax_metrics.nn.containers._functions import log_softmax as log_softmax
from jax_metrics.nn.containers._functions import logsumexp as logsumexp
from jax_metrics.nn.containers._functions import normalize as normalize
from jax_metrics.nn.containers._functions import one_hot as one_hot
from jax_metrics.nn.containers._functions import pool as pool
from jax_metrics.nn.containers._functions import relu as relu
from jax_metrics.nn.containers._functions import relu6 as relu6
from jax_metrics.nn.containers._functions import selu as selu
from jax_metrics.nn.containers._functions import sigmoid as sigmoid
from jax_metrics.nn.containers._functions import silu as silu
from jax_metrics.nn.containers._functions import soft_sign as soft_sign
from jax_metrics.nn.containers._functions import softmax as softmax
from jax_metrics.nn.containers._functions import softplus as softplus
from jax_metrics.nn.containers._functions import standardize as standardize
from jax_metrics.nn.containers._functions import swish as swish
from jax_metrics.nn.containers._functions import tanh as tanh
from jax_metrics.nn.containers._reshape import Reshape as Reshape
from jax_metrics.nn.containers._shape import Flatten as Flatten
