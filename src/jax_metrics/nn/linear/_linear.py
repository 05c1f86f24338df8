"""Linear layers."""

from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter, laid_out
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer


class Linear(FlaxLayer, flax_class=linen.Dense):
    """Multiplies the last axis by a matrix and adds a bias: `x @ kernel + bias`.

    Takes an array of shape `[..., in]` and returns `[..., features]`. Equivalent to
    `flax.linen.Dense`.

    Args:
        features: Size of the last axis of the output.
        use_bias: Whether to add a bias.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.dot_general`.
        kernel_init: Initializer of `kernel`, `[in, features]`.
        bias_init: Initializer of `bias`, `[features]`.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        dot_general: Replaces `jax.lax.dot_general`.
        dot_general_cls: Class that makes such a function.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(4).init(42, jnp.ones((1, 3)))
        >>> layer(jnp.ones((8, 3))).shape
        (8, 4)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    features: int
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    bias_init: initializers.InitializerLike = initializers.zeros
    promote_dtype: Any = dtypes.promote_dtype
    dot_general: Any = None
    dot_general_cls: Any = None

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Multiplies and adds.

        Args:
            inputs: Shape `[..., in]`.
        """
        return laid_out(self, self._run("__call__", (inputs,), {}), "vocabulary")


class LinearGeneral(FlaxLayer, flax_class=linen.DenseGeneral):
    """Contracts any axes with a tensor and adds a bias.

    Takes an array of shape `[batch..., *axes]` and returns `[batch..., *features]`. Equivalent to
    `flax.linen.DenseGeneral`.

    Args:
        features: Size, or sizes, of the last axes of the output.
        axis: The input axis, or axes, to sum over.
        batch_dims: Batch axes with a separate kernel for each index.
        use_bias: Whether to add a bias.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        kernel_init: Initializer of `kernel`, `[*batch, *axes, *features]`.
        bias_init: Initializer of `bias`, `[*batch, *features]`.
        precision: As in `jax.lax.dot_general`.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        dot_general: Replaces `jax.lax.dot_general`.
        dot_general_cls: Class that makes such a function.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.LinearGeneral((2, 5), axis=(-2, -1)).init(42, jnp.ones((1, 3, 4)))
        >>> layer.kernel.shape, layer(jnp.ones((8, 3, 4))).shape
        ((3, 4, 2, 5), (8, 2, 5))
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    features: int | Sequence[int]
    axis: int | Sequence[int] = -1
    batch_dims: Sequence[int] = ()
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    bias_init: initializers.InitializerLike = initializers.zeros
    precision: Any = None
    promote_dtype: Any = dtypes.promote_dtype
    dot_general: Any = None
    dot_general_cls: Any = None

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Multiplies and adds.

        Args:
            inputs: Shape `[batch..., *axes]`.
        """
        return self._run("__call__", (inputs,), {})


class Einsum(FlaxLayer, flax_class=linen.Einsum, positional=2):
    """Multiplies by a tensor through an einsum, and adds a bias.

    Equivalent to `flax.linen.Einsum`; a call may also pass `einsum_str`.

    Args:
        shape: Shape of the kernel.
        einsum_str: The equation, with inputs and kernel on its left side: `"bi,io->bo"`.
        use_bias: Whether to add a bias.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.numpy.einsum`.
        kernel_init: Initializer of `kernel`, `[*shape]`.
        bias_init: Initializer of `bias`, whose shape consists of the axes that the output shares
            with the kernel.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        preferred_element_type: As in `jax.numpy.einsum`.

    Raises:
        ValueError: In a call, if the equation does not have two operands, or it is given neither
            here nor in the call, or in both.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.Einsum((4, 2, 5), "bti,iho->btho").init(42, jnp.ones((1, 3, 4)))
        >>> layer(jnp.ones((8, 3, 4))).shape
        (8, 3, 2, 5)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    shape: Sequence[int]
    einsum_str: str | None = None
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    bias_init: initializers.InitializerLike = initializers.zeros
    promote_dtype: Any = dtypes.promote_dtype
    preferred_element_type: Any = None

    def __call__(self, inputs: jax.Array, einsum_str: str | None = None) -> jax.Array:
        """Multiplies and adds.

        Args:
            inputs: The first operand of the equation.
            einsum_str: The equation, if the layer has none.
        """
        return self._run("__call__", (inputs, einsum_str), {})
