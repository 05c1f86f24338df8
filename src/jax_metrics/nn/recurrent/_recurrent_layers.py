"""Recurrent layers: `GRU`, `LSTM` and `SimpleRNN` over whole sequences."""

import inspect
from typing import Any, ClassVar, TypedDict, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.module import Cache, Key, is_initializing
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn._options import SIZES_ARE_INFERRED, check_sizes
from jax_metrics.nn._padding import check_masks
from jax_metrics.nn._rate import check_rate
from jax_metrics.nn.initializers import InitializerLike
from jax_metrics.nn.noise import Dropout
from jax_metrics.nn.recurrent._cells import (
    Gate,
    GRUCell,
    OptimizedLSTMCell,
    RNNCellBase,
    SimpleCell,
)
from jax_metrics.nn.recurrent._input_features import explain_features
from jax_metrics.nn.recurrent._lengths import check_lengths, one_of_lengths, valid_steps
from jax_metrics.nn.recurrent._recurrent_steps import output_of, scan_cell
from jax_metrics.nn.recurrent._varying import varying_like
from jax_metrics.tree import node, signature_of


class _CellOptions(TypedDict, total=False):
    """The other arguments of the cells."""

    gate_fn: Gate
    activation_fn: Gate
    kernel_init: InitializerLike
    recurrent_kernel_init: InitializerLike
    bias_init: InitializerLike
    dtype: Any
    param_dtype: Any
    carry_init: InitializerLike
    residual: bool


def _with_arguments_of(cell: type, signature: inspect.Signature) -> inspect.Signature:
    """The signature of a constructor with the arguments of the cell in place of `**cell`."""
    own = {name: p for name, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD}
    of_cell = signature_of(cell).parameters
    more = [of_cell[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in of_cell]
    _, *parameters = (*own.values(), *(p for p in more if p.name not in own))
    return signature.replace(parameters=parameters)


class RecurrentLayer(CheckedLayer):
    """The base of `GRU`, `LSTM` and `SimpleRNN`: runs a cell over a sequence.

    A call takes `x`, `[batch..., time, in]`, and by keyword the valid steps: `lengths`,
    integers `[batch...]`, or `mask`, booleans `[batch..., time]`. Masked steps keep the state and
    output zeros, so a padded sequence has the same result as one without padding.

    It returns the last output, `[batch..., features]`; or all, `[batch..., time, features]`, with
    `return_sequences`. `bidirectional` doubles the features: first those of a forward cell, then
    those of a backward cell, whose last output is at the first step. With `return_state` it returns
    a pair of this output and the state after the last step. The state is the carry of the cell, or,
    if there are several cells, a tuple of their carries: layer by layer, forward before backward.

    Args:
        features: Size of the state of each cell.
        return_sequences: Return all outputs, not only the last one.
        return_state: Return the state too.
        go_backwards: Reverse the sequence first; the outputs stay reversed.
        stateful: Start from the final state of the previous call, kept in the field `state`.
        time_axis: The axis of the steps in `x`, any but the last; `mask` and the outputs have it in
            the same place.
        unroll: Number of steps per iteration of `jax.lax.scan`.
        num_layers: Number of stacked cells.
        bidirectional: Whether each layer runs in both directions.
        dropout: The probability that an output between two layers is dropped in training.
        name: A name for the module.
        **cell: Other arguments of the cell, such as `kernel_init`, `dtype` and `param_dtype`.

    Raises:
        ValueError: If there is dropout but only one layer, or `time_axis` is the last axis; in a
            call, if `mask`, `lengths` or the state do not fit the inputs.
    """

    cells: list[RNNCellBase] = node()
    dropout: Dropout | None = node()
    state: Any = Cache.node(None)
    _cell_class: ClassVar[Any]
    _arguments_hint: ClassVar[str] = SIZES_ARE_INFERRED

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "_cell_class" in vars(cls):
            cls.__signature__ = _with_arguments_of(cls._cell_class, signature_of(cls.__init__))

    def __init__(
        self,
        features: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        time_axis: int = -2,
        unroll: int = 1,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        name: str | None = None,
        **cell: Unpack[_CellOptions],
    ):
        super().__init__(name)
        check_rate(dropout, "dropout")
        check_sizes(type(self).__name__, features=features, unroll=unroll, num_layers=num_layers)
        if time_axis == -1:
            raise ValueError(
                f"The last axis holds the features, so it cannot be the `time_axis` of "
                f"{type(self).__name__}; the default is -2."
            )
        if dropout and num_layers == 1:
            raise ValueError(
                f"`dropout` acts between layers, but this {type(self).__name__} has only one. Set "
                "`num_layers`, or put a `jm.Dropout` before or after it."
            )
        self.features = features
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.time_axis = time_axis
        self.unroll = unroll
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        directions = 2 if bidirectional else 1
        self.cells = [self._cell_class(features, **cell) for _ in range(num_layers * directions)]
        self.dropout = Dropout(dropout) if dropout else None

    def __call__(
        self,
        x: jax.Array,
        initial_state: Any = None,
        *,
        mask: jax.Array | None = None,
        lengths: jax.Array | None = None,
        seq_lengths: jax.Array | None = None,
    ) -> Any:
        """Runs over a sequence.

        Args:
            x: Shape `[batch..., time, in]`.
            initial_state: A state as `return_state` returns it; None: zeros, or the final state of
                the previous call.
            mask: Shape `[batch..., time]`, true at valid steps.
            lengths: Shape `[batch...]`: number of valid steps. Traced values are clipped to the
                time axis; others beyond it are rejected.
            seq_lengths: Flax's name of `lengths`.
        """
        time = self.time_axis + x.ndim if self.time_axis < 0 else self.time_axis
        if not 0 <= time < x.ndim - 1:
            raise ValueError(
                f"{type(self).__name__} expected inputs of shape [batch..., time, in] with an axis "
                f"{self.time_axis} for the time before the last; got {x.shape}."
            )
        y = jnp.moveaxis(x, time, 0)
        lengths = one_of_lengths(self, lengths, seq_lengths)
        valid = self._valid_steps(y.shape[:-1], time, mask, lengths)
        if self.go_backwards:
            y = y[::-1]
            valid = None if valid is None else valid[::-1]
        if valid is not None:  # so that masked NaN does not reach the gradients
            y = jnp.where(valid[..., None], y, 0)
        states = self._first_states(y, initial_state)
        after: list[Any] = []
        directions = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            if layer and self.dropout is not None:
                y = self.dropout(y)
            outputs = []
            for direction in range(directions):
                cell = self.cells[len(after)]
                carry = _fitting(states[len(after)], y, cell)
                carry, output = self._scan(cell, carry, y, valid, reverse=direction == 1)
                after.append(carry)
                outputs.append(output)
            y = jnp.concatenate(outputs, axis=-1) if self.bidirectional else outputs[0]
        state = after[0] if len(after) == 1 else tuple(after)
        if self.stateful and (self.state is None or not is_initializing()):
            self.state = jax.tree.map(jnp.zeros_like, state) if is_initializing() else state
        if self.return_sequences:
            output = jnp.moveaxis(y, 0, time)
        else:
            output = jnp.concatenate([output_of(c) for c in after[-directions:]], axis=-1)
        return (output, state) if self.return_state else output

    def _explain_error(
        self, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> str | None:
        return explain_features(self.cells[0], args[0] if args else kwargs.get("x"))

    def reset_state(self) -> "RecurrentLayer":
        """Resets the state of a stateful layer to zero, in place; returns the layer."""
        self.state = jax.tree.map(jnp.zeros_like, self.state)
        return self

    def _scan(
        self, cell: RNNCellBase, carry: Any, x: jax.Array, valid: jax.Array | None, reverse: bool
    ) -> tuple[Any, jax.Array]:
        if not self.initialized and self.initializing():
            cell(carry, x[0])  # creates the parameters outside of the scan

        def scan(cell: Any, x: jax.Array, valid: Any, carry: Any) -> tuple[jax.Array, Any]:
            after, outputs = scan_cell(cell, carry, x, valid, reverse=reverse, unroll=self.unroll)
            return outputs, after

        outputs, after = run_sharded(scan, cell, x, valid, carry, like=x, state=carry)
        return after, outputs

    def _valid_steps(
        self, steps: tuple[int, ...], time: int, mask: Any, lengths: Any
    ) -> jax.Array | None:
        """Mask of the valid steps, `[time, batch...]`; None: all."""
        check_masks(self, mask=mask)
        if mask is not None and lengths is not None:
            raise ValueError("Give `mask` or `lengths`, not both.")
        if lengths is not None:
            if jnp.shape(lengths) != steps[1:]:
                raise ValueError(
                    f"`lengths` expected the shape of the batch, {steps[1:]}; got "
                    f"{jnp.shape(lengths)}."
                )
            check_lengths(self, lengths, steps[0])
            return valid_steps(jnp.asarray(lengths), steps[0], 0)
        if mask is None:
            return None
        batch = list(steps[1:])
        expected = (*batch[:time], steps[0], *batch[time:])
        if jnp.shape(mask) != expected:
            raise ValueError(
                f"`mask` expected the shape of the inputs without features, {expected}; got "
                f"{jnp.shape(mask)}."
            )
        return jnp.moveaxis(jnp.asarray(mask, bool), time, 0)

    def _first_states(self, x: jax.Array, given: Any) -> tuple[Any, ...]:
        """The initial carry of each cell, checked to fit; `x` is `[time, batch, in]`."""
        fresh = tuple(cell.initialize_carry(Key(0), x.shape[1:]) for cell in self.cells)
        states = given
        if given is None and self.stateful and not is_initializing():
            states = self.state
        if states is None:
            return fresh
        expected = fresh[0] if len(fresh) == 1 else fresh
        shapes = jax.tree.map(jnp.shape, expected)
        given_shapes = jax.tree.map(jnp.shape, states)
        if shapes != given_shapes:
            where = "`initial_state`" if given is not None else "the `state` of the previous call"
            raise ValueError(
                f"{type(self).__name__} expected {where} to have the shapes {shapes}, for these "
                f"inputs; got {given_shapes}. Reset a stateful layer, including for another "
                "batch size, with `layer.state = None`."
            )
        return (states,) if len(fresh) == 1 else tuple(states)


class GRU(RecurrentLayer):
    """Gated recurrent units over a sequence (Cho et al., 2014).

    See `RecurrentLayer` for the arguments, inputs and outputs; the cell is `GRUCell`.
    The state is `[batch..., features]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.GRU(8, return_sequences=True).init(42, jnp.ones((4, 10, 3)))
        >>> layer(jnp.ones((4, 10, 3)), lengths=jnp.array([10, 7, 3, 0])).shape
        (4, 10, 8)
    """

    _cell_class = GRUCell


class LSTM(RecurrentLayer):
    """Long short-term memory over a sequence (Hochreiter and Schmidhuber, 1997).

    See `RecurrentLayer` for the arguments, inputs and outputs; the cell is
    `OptimizedLSTMCell`. The state is a pair of memory and output, `[batch..., features]` each.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.LSTM(8, num_layers=2, bidirectional=True, return_state=True)
        >>> layer = layer.init(42, jnp.ones((4, 10, 3)))
        >>> y, state = layer(jnp.ones((4, 10, 3)))
        >>> y.shape, len(state)
        ((4, 16), 4)
    """

    _cell_class = OptimizedLSTMCell


class SimpleRNN(RecurrentLayer):
    """A simple recurrent network over a sequence (Elman, 1990).

    See `RecurrentLayer` for the arguments, inputs and outputs; the cell is
    `SimpleCell`. The state is `[batch..., features]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.SimpleRNN(8, activation_fn=jnp.tanh).init(42, jnp.ones((4, 10, 3)))
        >>> layer(jnp.ones((4, 10, 3))).shape
        (4, 8)
    """

    _cell_class = SimpleCell


def _fitting(carry: Any, x: jax.Array, cell: Any) -> Any:
    """The carry in the dtype of the computation, and varying over devices as the inputs do."""
    dtype = cell.dtype or jnp.promote_types(x.dtype, cell.param_dtype)
    carry = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), carry)
    return varying_like(carry, x, time_axis=0)
