"""Recurrent cells, and layers that run them over time."""

from jax_metrics.nn.recurrent._cells import ConvLSTMCell as ConvLSTMCell
from jax_metrics.nn.recurrent._cells import GRUCell as GRUCell
from jax_metrics.nn.recurrent._cells import LSTMCell as LSTMCell
from jax_metrics.nn.recurrent._cells import MGUCell as MGUCell
from jax_metrics.nn.recurrent._cells import OptimizedLSTMCell as OptimizedLSTMCell
from jax_metrics.nn.recurrent._cells import RNNCellBase as RNNCellBase
from jax_metrics.nn.recurrent._cells import SimpleCell as SimpleCell
from jax_metrics.nn.recurrent._recurrent import RNN as RNN
from jax_metrics.nn.recurrent._recurrent import Bidirectional as Bidirectional
from jax_metrics.nn.recurrent._recurrent_layers import GRU as GRU
from jax_metrics.nn.recurrent._recurrent_layers import LSTM as LSTM
from jax_metrics.nn.recurrent._recurrent_layers import RecurrentLayer as RecurrentLayer
from jax_metrics.nn.recurrent._recurrent_layers import SimpleRNN as SimpleRNN
