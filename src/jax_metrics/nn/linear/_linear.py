"""Linear layers."""

from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer


class Linear(FlaxLayer, flax_class=linen.Dense):
    """Multiplies the last axis with a matrix and adds a bias: `x @ kernel + bias`.

    Takes an array of shape `[..., in]` and gives `[..., features]`. The twin of
    `flax.linen.Dense`.

    Args:
        features: Size of the last axis of the output.
        use_bias: Whether to add a bias.
        dtype: Of the computation; None: the common one of inputs and parameters.
        param_dtype: Of the parameters.
        precision: As in `jax.lax.dot_general`.
        kernel_init: Makes `kernel`, `[in, features]`.
        bias_init: Makes `bias`, `[features]`.
        promote_dtype: Brings inputs and parameters to one dtype.
        dot_general: Replaces `jax.lax.dot_general`.
        dot_general_cls: Makes such a function.

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


class LinearGeneral(FlaxLayer, flax_class=linen.DenseGeneral):
    """Multiplies any axes with a tensor and adds a bias.

    Takes an array of shape `[batch..., *axes]` and gives `[batch..., *features]`. The twin of
    `flax.linen.DenseGeneral`.

    Args:
        features: Size, or sizes, of the last axes of the output.
        axis: The axis, or axes, of the input that are summed over.
        batch_dims: Axes that have a kernel of their own for each index.
        use_bias: Whether to add a bias.
        dtype: Of the computation; None: the common one of inputs and parameters.
        param_dtype: Of the parameters.
        kernel_init: Makes `kernel`, `[*batch, *axes, *features]`.
        bias_init: Makes `bias`, `[*batch, *features]`.
        precision: As in `jax.lax.dot_general`.
        promote_dtype: Brings inputs and parameters to one dtype.
        dot_general: Replaces `jax.lax.dot_general`.
        dot_general_cls: Makes such a function.

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


class Einsum(FlaxLayer, flax_class=linen.Einsum):
    """Multiplies with a tensor as an einsum says, and adds a bias.

    The twin of `flax.linen.Einsum`; a call may give `einsum_str` too.

    Args:
        shape: Shape of the kernel.
        einsum_str: The equation, with inputs and kernel on its left side: `"bi,io->bo"`.
        use_bias: Whether to add a bias.
        dtype: Of the computation; None: the common one of inputs and parameters.
        param_dtype: Of the parameters.
        precision: As in `jax.numpy.einsum`.
        kernel_init: Makes `kernel`, `[*shape]`.
        bias_init: Makes `bias`, of the shape of those axes of the output that the kernel has.
        promote_dtype: Brings inputs and parameters to one dtype.
        preferred_element_type: As in `jax.numpy.einsum`.

    Raises:
        ValueError: In a call, if the equation does not have two operands, or none is given, or one
            both here and in the call.

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
