"""Convolutions."""

from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn._flax_layer import FlaxLayer


class Conv(FlaxLayer, flax_class=linen.Conv):
    """Convolves over any number of spatial axes.

    Takes an array of shape `[batch..., spatial..., in]` and gives
    `[batch..., spatial..., features]`. The twin of `flax.linen.Conv`.

    Args:
        features: Number of filters.
        kernel_size: Shape of the kernel; an integer for one spatial axis.
        strides: Step along each spatial axis.
        padding: `"SAME"`, `"VALID"`, `"CIRCULAR"`, `"CAUSAL"`, or pairs of numbers.
        input_dilation: Dilation of the inputs along each spatial axis.
        kernel_dilation: Dilation of the kernel along each spatial axis.
        feature_group_count: Number of groups that the features are divided into.
        use_bias: Whether to add a bias.
        mask: Array to multiply the kernel with, as a numpy array.
        dtype: Of the computation; None: the common one of inputs and parameters.
        param_dtype: Of the parameters.
        precision: As in `jax.lax.conv_general_dilated`.
        kernel_init: Makes `kernel`, `[*kernel_size, in / groups, features]`.
        bias_init: Makes `bias`, `[features]`.
        promote_dtype: Brings inputs and parameters to one dtype.
        conv_general_dilated: Replaces `jax.lax.conv_general_dilated`.
        conv_general_dilated_cls: Makes such a function.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Conv(16, (3, 3)).init(42, jnp.ones((1, 8, 8, 1)))
        >>> layer(jnp.ones((5, 8, 8, 1))).shape
        (5, 8, 8, 16)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    features: int
    kernel_size: int | Sequence[int]
    strides: int | Sequence[int] | None = 1
    padding: Any = "SAME"
    input_dilation: int | Sequence[int] | None = 1
    kernel_dilation: int | Sequence[int] | None = 1
    feature_group_count: int = 1
    use_bias: bool = True
    mask: Any = None
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    bias_init: initializers.InitializerLike = initializers.zeros
    promote_dtype: Any = dtypes.promote_dtype
    conv_general_dilated: Any = None
    conv_general_dilated_cls: Any = None
