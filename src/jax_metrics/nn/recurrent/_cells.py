"""Recurrent cells: one step of a sequence."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp

from jax_metrics.module import Key, Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer
from jax_metrics.nn.recurrent._input_features import explain_features

Gate = Callable[[jax.Array], jax.Array]


class RNNCellBase(FlaxLayer):
    """The base of recurrent cells; `RNN` runs one over a sequence.

    A call takes the carry and the inputs of one step, `[batch..., in]`, and returns the new carry
    and the output, `[batch..., features]`. Their matrices are dicts with `kernel`, and `bias` where
    there is one, in fields under Flax's names; `in` and `if` are the fields `in_` and `if_`.

    Example:
        >>> import flax.linen, jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Average(flax.linen.RNNCellBase):
        ...     def __call__(self, carry, inputs):
        ...         carry = (carry + inputs) / 2
        ...         return carry, carry
        ...     def initialize_carry(self, rng, input_shape):
        ...         return jnp.zeros(input_shape)
        ...     num_feature_axes = 1
        >>> class AverageCell(jm.nn.RNNCellBase, flax_class=Average):
        ...     pass
        >>> jm.nn.RNN(AverageCell()).init(0)(jnp.ones((1, 3, 1)))[0, :, 0]
        Array([0.5  , 0.75 , 0.875], dtype=float32)
    """

    def __call__(self, carry: Any, inputs: jax.Array) -> tuple[Any, jax.Array]:
        """Runs one step, and returns the new carry and the output.

        Args:
            carry: As `initialize_carry` returns it.
            inputs: Shape `[batch..., *features]`.
        """
        return self._run("__call__", (carry, inputs), {})

    def initialize_carry(self, rng: Any, input_shape: Sequence[int]) -> Any:
        """The carry before the first step.

        Args:
            rng: A random key or an integer seed; for a `carry_init` that is random.
            input_shape: Shape of the inputs of one step.
        """
        return self._flax_call().module.initialize_carry(Key(rng), tuple(input_shape))

    @property
    def num_feature_axes(self) -> int:
        """Number of trailing feature axes of the inputs."""
        return self._flax_call().module.num_feature_axes

    def _explain_error(
        self, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> str | None:
        inputs = args[1] if len(args) > 1 else kwargs.get("inputs")
        return explain_features(self, inputs) or super()._explain_error(error, args, kwargs)


class SimpleCell(RNNCellBase, flax_class=linen.SimpleCell):
    """One step of a simple recurrent network (Elman, 1990).

    The carry is `[batch..., features]`. Equivalent to `flax.linen.SimpleCell`.

    Args:
        features: Size of the carry and of the output.
        activation_fn: Activation of the output.
        kernel_init: Initializer of the kernels for the inputs, `[in, features]`.
        recurrent_kernel_init: Initializer of the kernels for the carry, `[features, features]`.
        bias_init: Initializer of the biases, `[features]`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.
        residual: Add the carry to the output of the activation.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.SimpleCell(4), jnp.ones((2, 3))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 4)
    """

    i: dict[str, jax.Array] = Parameter.node(init=False)
    h: dict[str, jax.Array] = Parameter.node(init=False)
    features: int
    activation_fn: Gate = jnp.tanh
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    recurrent_kernel_init: initializers.InitializerLike = initializers.orthogonal()
    bias_init: initializers.InitializerLike = initializers.zeros
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: initializers.InitializerLike = initializers.zeros
    residual: bool = False


class GRUCell(RNNCellBase, flax_class=linen.GRUCell):
    """One step of gated recurrent units (Cho et al., 2014).

    The carry is `[batch..., features]`. Equivalent to `flax.linen.GRUCell`.

    Args:
        features: Size of the carry and of the output.
        gate_fn: Activation of the gates.
        activation_fn: Activation of the output.
        kernel_init: Initializer of the kernels for the inputs, `[in, features]`.
        recurrent_kernel_init: Initializer of the kernels for the carry, `[features, features]`.
        bias_init: Initializer of the biases, `[features]`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.GRUCell(4), jnp.ones((2, 3))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 4)
    """

    ir: dict[str, jax.Array] = Parameter.node(init=False)
    iz: dict[str, jax.Array] = Parameter.node(init=False)
    in_: dict[str, jax.Array] = Parameter.node(init=False)
    hr: dict[str, jax.Array] = Parameter.node(init=False)
    hz: dict[str, jax.Array] = Parameter.node(init=False)
    hn: dict[str, jax.Array] = Parameter.node(init=False)
    features: int
    gate_fn: Gate = jax.nn.sigmoid
    activation_fn: Gate = jnp.tanh
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    recurrent_kernel_init: initializers.InitializerLike = initializers.orthogonal()
    bias_init: initializers.InitializerLike = initializers.zeros
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: initializers.InitializerLike = initializers.zeros


class MGUCell(RNNCellBase, flax_class=linen.MGUCell):
    """One step of minimal gated units (Zhou et al., 2016).

    The carry is `[batch..., features]`. Equivalent to `flax.linen.MGUCell`.

    Args:
        features: Size of the carry and of the output.
        gate_fn: Activation of the gates.
        activation_fn: Activation of the output.
        kernel_init: Initializer of the kernels for the inputs, `[in, features]`.
        recurrent_kernel_init: Initializer of the kernels for the carry, `[features, features]`.
        forget_bias_init: Initializer of the bias of the forget gate, `[features]`.
        activation_bias_init: Initializer of the biases of the activation, `[features]`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.
        reset_gate: Whether to apply the gate to the carry in the activation, too.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.MGUCell(4), jnp.ones((2, 3))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 4)
    """

    if_: dict[str, jax.Array] = Parameter.node(init=False)
    in_: dict[str, jax.Array] = Parameter.node(init=False)
    hf: dict[str, jax.Array] = Parameter.node(init=False)
    hn: dict[str, jax.Array] = Parameter.node(init=False)
    features: int
    gate_fn: Gate = jax.nn.sigmoid
    activation_fn: Gate = jnp.tanh
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    recurrent_kernel_init: initializers.InitializerLike = initializers.orthogonal()
    forget_bias_init: initializers.InitializerLike = initializers.ones
    activation_bias_init: initializers.InitializerLike = initializers.zeros
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: initializers.InitializerLike = initializers.zeros
    reset_gate: bool = True


class LSTMCell(RNNCellBase, flax_class=linen.LSTMCell):
    """One step of long short-term memory (Hochreiter and Schmidhuber, 1997).

    The carry is a pair of memory and output, `[batch..., features]` each. Equivalent to
    `flax.linen.LSTMCell`.

    Args:
        features: Size of the carry and of the output.
        gate_fn: Activation of the gates.
        activation_fn: Activation of the output.
        kernel_init: Initializer of the kernels for the inputs, `[in, features]`.
        recurrent_kernel_init: Initializer of the kernels for the carry, `[features, features]`.
        bias_init: Initializer of the biases, `[features]`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.LSTMCell(4), jnp.ones((2, 3))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 4)
    """

    ii: dict[str, jax.Array] = Parameter.node(init=False)
    if_: dict[str, jax.Array] = Parameter.node(init=False)
    ig: dict[str, jax.Array] = Parameter.node(init=False)
    io: dict[str, jax.Array] = Parameter.node(init=False)
    hi: dict[str, jax.Array] = Parameter.node(init=False)
    hf: dict[str, jax.Array] = Parameter.node(init=False)
    hg: dict[str, jax.Array] = Parameter.node(init=False)
    ho: dict[str, jax.Array] = Parameter.node(init=False)
    features: int
    gate_fn: Gate = jax.nn.sigmoid
    activation_fn: Gate = jnp.tanh
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    recurrent_kernel_init: initializers.InitializerLike = initializers.orthogonal()
    bias_init: initializers.InitializerLike = initializers.zeros
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: initializers.InitializerLike = initializers.zeros


class OptimizedLSTMCell(LSTMCell, flax_class=linen.OptimizedLSTMCell):
    """As `LSTMCell`, with one product for all gates: often faster up to 2048 features.

    The parameters are those of `LSTMCell`. Equivalent to `flax.linen.OptimizedLSTMCell`.

    Args:
        features: Size of the carry and of the output.
        gate_fn: Activation of the gates.
        activation_fn: Activation of the output.
        kernel_init: Initializer of the kernels for the inputs, `[in, features]`.
        recurrent_kernel_init: Initializer of the kernels for the carry, `[features, features]`.
        bias_init: Initializer of the biases, `[features]`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.OptimizedLSTMCell(4), jnp.ones((2, 3))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 4)
    """


class ConvLSTMCell(RNNCellBase, flax_class=linen.ConvLSTMCell):
    """One step of long short-term memory with convolutions (Shi et al., 2015).

    Inputs are `[batch..., spatial..., in]`; the carry is a pair of memory and output,
    `[batch..., spatial..., features]` each. Equivalent to `flax.linen.ConvLSTMCell`.

    Args:
        features: Number of filters.
        kernel_size: Shape of the kernels.
        strides: Step along each spatial axis.
        padding: `"SAME"`, `"VALID"`, or pairs of numbers.
        use_bias: Whether to add biases.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Dtype of the parameters and the initial carry.
        carry_init: Initializer of the initial carry.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> cell, x = jm.nn.ConvLSTMCell(4, (3, 3)), jnp.ones((2, 8, 8, 1))
        >>> carry = cell.initialize_carry(0, x.shape)
        >>> carry, y = cell.init(42, (carry, x))(carry, x)
        >>> y.shape
        (2, 8, 8, 4)
    """

    ih: dict[str, jax.Array] = Parameter.node(init=False)
    hh: dict[str, jax.Array] = Parameter.node(init=False)
    features: int
    kernel_size: Sequence[int]
    strides: Sequence[int] | None = None
    padding: Any = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: initializers.InitializerLike = initializers.zeros
