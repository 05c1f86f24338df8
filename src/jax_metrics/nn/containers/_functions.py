"""Functions that belong to layers: those that Flax Linen has, under the same names."""

from flax.linen import celu as celu
from flax.linen import elu as elu
from flax.linen import gelu as gelu
from flax.linen import glu as glu
from flax.linen import hard_sigmoid as hard_sigmoid
from flax.linen import hard_silu as hard_silu
from flax.linen import hard_swish as hard_swish
from flax.linen import hard_tanh as hard_tanh
from flax.linen import leaky_relu as leaky_relu
from flax.linen import log_sigmoid as log_sigmoid
from flax.linen import log_softmax as log_softmax
from flax.linen import logsumexp as logsumexp
from flax.linen import normalize as normalize
from flax.linen import one_hot as one_hot
from flax.linen import pool as pool
from flax.linen import relu as relu
from flax.linen import relu6 as relu6
from flax.linen import selu as selu
from flax.linen import sigmoid as sigmoid
from flax.linen import silu as silu
from flax.linen import soft_sign as soft_sign
from flax.linen import softmax as softmax
from flax.linen import softplus as softplus
from flax.linen import standardize as standardize
from flax.linen import swish as swish
from flax.linen import tanh as tanh
