"""Recurrent networks: cells run over sequences."""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.core import FrozenDict

from jax_metrics.nn._padding import without_padding
from jax_metrics.nn.flax import FlaxLayer
from jax_metrics.nn.recurrent._cells import RNNCellBase
from jax_metrics.nn.recurrent._input_features import explain_features
from jax_metrics.nn.recurrent._lengths import check_lengths, one_of_lengths, valid_steps
from jax_metrics.nn.recurrent._varying import varying_like
from jax_metrics.tree import node


def concatenate(forward: jax.Array, backward: jax.Array) -> jax.Array:
    """Both arrays, one after the other along the last axis.

    Args:
        forward: Shape `[..., m]`.
        backward: Shape `[..., n]`.
    """
    return jnp.concatenate([forward, backward], axis=-1)


class _LinenRNN(linen.RNN):
    """The RNN of Flax, for sharded inputs, NaN in padding and sequences without steps."""

    def __call__(
        self, inputs: jax.Array, *, seq_lengths: jax.Array | None = None, **options: Any
    ) -> Any:
        """Runs the cell; see `flax.linen.RNN`."""
        carry, key = options.pop("initial_carry", None), options.get("init_key")
        time = self.time_axis(inputs, options.get("time_major"))
        if carry is None:
            step = (*inputs.shape[:time], *inputs.shape[time + 1 :])
            carry = self.cell.initialize_carry(jax.random.key(0) if key is None else key, step)
        carry = varying_like(carry, inputs, time)
        if seq_lengths is None:
            return super().__call__(inputs, initial_carry=carry, **options)
        steps = inputs.shape[time]
        lengths = jnp.clip(seq_lengths, 0, steps)
        valid = valid_steps(lengths, steps, time)
        valid = valid.reshape(valid.shape + (1,) * (inputs.ndim - valid.ndim))
        # Flax selects final carries along one batch axis only.
        batch, flat = lengths.shape, (lengths.size,)
        first = int(self._is_major(options.get("time_major")))
        result = super().__call__(
            _with_axes(without_padding(inputs, valid), first, batch, flat),
            initial_carry=_with_axes(carry, 0, batch, flat),
            seq_lengths=lengths.reshape(flat),
            **options,
        )
        if not isinstance(result, tuple):
            return _with_axes(result, first, flat, batch)
        final = _with_axes(result[0], 0, flat, batch)
        final = jax.tree.map(lambda new, old: _where(lengths > 0, new, old), final, carry)
        return final, _with_axes(result[1], first, flat, batch)

    @linen.nowrap
    def time_axis(self, inputs: jax.Array, time_major: bool | None) -> int:
        """The position of the time axis."""
        return 0 if self._is_major(time_major) else inputs.ndim - self.cell.num_feature_axes - 1

    @linen.nowrap
    def _is_major(self, time_major: bool | None) -> bool:
        return self.time_major if time_major is None else time_major


def _with_axes(values: Any, first: int, old: tuple[int, ...], new: tuple[int, ...]) -> Any:
    """Arrays with the axes of the sizes `old`, from `first` on, reshaped to the sizes `new`."""

    def reshape(x: jax.Array) -> jax.Array:
        return x.reshape(x.shape[:first] + new + x.shape[first + len(old) :])

    return jax.tree.map(reshape, values)


def _where(condition: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    """Selects along the leading axes; a sequence of length 0 keeps its carry, unlike in Flax."""
    return jnp.where(
        condition.reshape(condition.shape + (1,) * (new.ndim - condition.ndim)), new, old
    )


class _SequenceLayer(FlaxLayer):
    """A layer of Flax over padded sequences."""

    def __call__(
        self,
        inputs: jax.Array,
        *,
        lengths: jax.Array | None = None,
        initial_carry: Any = None,
        init_key: jax.Array | None = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
        seq_lengths: jax.Array | None = None,
    ) -> Any:
        """Runs over a sequence.

        Args:
            inputs: Shape `[batch..., time, *features]`.
            lengths: Shape `[batch...]`: number of valid steps. Traced values are clipped to the
                time axis; others beyond it are rejected.
            initial_carry: The carry to start from.
            init_key: A key for cells whose initial carry is random.
            return_carry: Overrides the layer's setting for this call, as do the next three.
            time_major: See `return_carry`.
            reverse: See `return_carry`.
            keep_order: See `return_carry`.
            seq_lengths: Flax's name of `lengths`.
        """
        options = {
            "initial_carry": initial_carry,
            "init_key": init_key,
            "return_carry": return_carry,
            "time_major": time_major,
            "reverse": reverse,
            "keep_order": keep_order,
        }
        lengths = one_of_lengths(self, lengths, seq_lengths)
        if lengths is not None:
            check_lengths(self, lengths, inputs.shape[self._time_axis(inputs, time_major)])
            options["seq_lengths"] = jnp.asarray(lengths)
        return self._run("__call__", (inputs,), options)

    def _time_axis(self, inputs: jax.Array, time_major: bool | None) -> int:
        module = self._flax_call().module
        return self._rnn_of(module).time_axis(
            inputs, module.time_major if time_major is None else time_major
        )

    def _explain_error(
        self, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> str | None:
        inputs = args[0] if args else kwargs.get("inputs")
        cell = next(iter(self._inner()), None)
        while cell is not None and not isinstance(cell, RNNCellBase):
            cell = next(iter(cell._inner()), None)
        known = explain_features(cell, inputs) if cell is not None else None
        return known or super()._explain_error(error, args, kwargs)

    def _rnn_of(self, module: Any) -> _LinenRNN:
        return module


class RNN(_SequenceLayer, flax_class=_LinenRNN):
    """Runs a recurrent cell over a sequence.

    Takes an array of shape `[batch..., time, *features]` and returns the outputs of all steps,
    `[batch..., time, *features]`. A call may pass `return_carry`, `time_major`, `reverse` and
    `keep_order` too, and by keyword `initial_carry`; `init_key`, for cells whose initial carry is
    random; and `lengths`, `[batch...]`: later steps are padding. Equivalent to
    `flax.linen.RNN`.

    Args:
        cell: A cell, such as `LSTMCell(64)`.
        time_major: The inputs and outputs are `[time, batch..., *features]`.
        return_carry: Return the pair of final carry and outputs.
        reverse: Start at the last step. The outputs are in the order of computation.
        keep_order: With `reverse`, return the outputs in the order of the inputs.
        unroll: Number of steps per iteration of the loop.
        variable_axes: Axes of Flax's collections to run over along with the time.
        variable_broadcast: The collections that all steps share.
        variable_carry: The collections that each step passes to the next.
        split_rngs: By key stream: whether steps get different keys.

    Raises:
        TypeError: If `cell` is not a FlaxLayer.
        ValueError: In a call, if a length is beyond the time axis.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((2, 7, 3))
        >>> layer = jm.nn.RNN(jm.nn.GRUCell(4)).init(42, x)
        >>> carry, y = layer(x, lengths=jnp.array([7, 5]), return_carry=True)
        >>> y.shape, bool((carry[1] == y[1, 4]).all())
        ((2, 7, 4), True)
    """

    cell: RNNCellBase = node()
    time_major: bool = False
    return_carry: bool = False
    reverse: bool = False
    keep_order: bool = False
    unroll: int = 1
    variable_axes: Mapping[str, Any] = FrozenDict()
    variable_broadcast: Any = "params"
    variable_carry: Any = False
    split_rngs: Mapping[str, bool] = FrozenDict({"params": False})


class Bidirectional(_SequenceLayer, flax_class=linen.Bidirectional):
    """Runs two recurrent networks over a sequence, one from each end, and merges their outputs.

    Takes an array of shape `[batch..., time, *features]`, and the keywords that `RNN` takes, with
    a pair of carries as `initial_carry`. Equivalent to `flax.linen.Bidirectional`.

    Args:
        forward_rnn: The network that starts at the first step.
        backward_rnn: The network that starts at the last step.
        merge_fn: Combines the two outputs.
        time_major: The inputs and outputs are `[time, batch..., *features]`.
        return_carry: Return the pair of final carries (itself a pair) and outputs.

    Raises:
        TypeError: If one is not a FlaxLayer.
        ValueError: In a call, if a length is beyond the time axis.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> nn = jm.nn
        >>> layer = nn.Bidirectional(nn.RNN(nn.GRUCell(4)), nn.RNN(nn.GRUCell(4)))
        >>> layer.init(42, jnp.ones((2, 7, 3)))(jnp.ones((2, 7, 3))).shape
        (2, 7, 8)
    """

    forward_rnn: RNN = node()
    backward_rnn: RNN = node()
    merge_fn: Callable[[jax.Array, jax.Array], jax.Array] = concatenate
    time_major: bool = False
    return_carry: bool = False

    def _rnn_of(self, module: Any) -> _LinenRNN:
        return module.forward_rnn
