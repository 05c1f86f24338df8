"""Linear layers."""

from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn._flax_layer import FlaxLayer


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
