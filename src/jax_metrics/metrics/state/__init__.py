"""State of metrics that can be merged: totals, moments, buffers and declared arrays."""

from jax_metrics.metrics.state._accumulator import Accumulator as Accumulator
from jax_metrics.metrics.state._buffer import Buffer as Buffer
from jax_metrics.metrics.state._moments import Moments as Moments
from jax_metrics.metrics.state._scaled import Scaled as Scaled
from jax_metrics.metrics.state._scaled import ordinary_squares as ordinary_squares
from jax_metrics.metrics.state._scaled import power_of_two as power_of_two
from jax_metrics.metrics.state._scaled import scale as scale
from jax_metrics.metrics.state._square_sum import SquareSum as SquareSum
from jax_metrics.metrics.state._state import Reduced as Reduced
from jax_metrics.metrics.state._state import gathered_state as gathered_state
from jax_metrics.metrics.state._state import highest as highest
from jax_metrics.metrics.state._state import lowest as lowest
from jax_metrics.metrics.state._state import merged_states as merged_states
from jax_metrics.metrics.state._state import neutral_state as neutral_state
from jax_metrics.metrics.state._state import reduced_state as reduced_state
from jax_metrics.metrics.state._state import state as state
from jax_metrics.metrics.state._total import Total as Total
from jax_metrics.metrics.state._uncontracted import without_last_bits as without_last_bits
