"""Convolutions."""

from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn.convolution._convolve import convolve
from jax_metrics.nn.convolution._spatial import check_one_axis, check_rank
from jax_metrics.nn.flax import FlaxLayer

_SIZE = "kernel_size"  # each convolution declares it, in its place among the arguments


class _Convolution(FlaxLayer):
    """What the convolutions of Flax share."""

    def _check_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            size = getattr(self, _SIZE)
            check_one_axis(self, _SIZE, size, args[0])
            check_rank(self, args[0], 1 if isinstance(size, int) else len(size))


class Conv(_Convolution, flax_class=linen.Conv):
    """Convolves over any number of spatial axes.

    Takes an array of shape `[batch..., spatial..., in]` and returns
    `[batch..., spatial..., features]`. Equivalent to `flax.linen.Conv`.

    Args:
        features: Number of filters.
        kernel_size: Shape of the kernel; an integer for one spatial axis.
        strides: Step along each spatial axis.
        padding: `"SAME"`, `"VALID"`, `"CIRCULAR"`, `"CAUSAL"`, or pairs of numbers.
        input_dilation: Dilation of the inputs along each spatial axis.
        kernel_dilation: Dilation of the kernel along each spatial axis.
        feature_group_count: Number of groups that the features are divided into.
        use_bias: Whether to add a bias.
        mask: NumPy array that the kernel is multiplied by.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.conv_general_dilated`.
        kernel_init: Initializer of `kernel`, `[*kernel_size, in / groups, features]`.
        bias_init: Initializer of `bias`, `[features]`.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        conv_general_dilated: Replaces `jax.lax.conv_general_dilated`.
        conv_general_dilated_cls: Class that makes such a function.

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

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            inputs: Shape `[batch..., spatial..., in]`.
        """
        return self._run("__call__", (inputs,), {})

    def _flax_module(self, **modes: bool) -> linen.Module:
        own: dict[str, Any] = {}
        if self.conv_general_dilated is None and self.conv_general_dilated_cls is None:
            own["conv_general_dilated"] = convolve
        return super()._flax_module(**modes, **own)


class ConvLocal(_Convolution, flax_class=linen.ConvLocal):
    """A convolution with its own kernel at each position: the weights are not shared.

    Takes an array of shape `[batch..., spatial..., in]` and returns
    `[batch..., spatial..., features]`. Equivalent to `flax.linen.ConvLocal`.

    Args:
        features: Number of filters.
        kernel_size: Shape of the kernel; an integer for one spatial axis.
        strides: Step along each spatial axis.
        padding: `"SAME"`, `"VALID"`, `"CIRCULAR"`, `"CAUSAL"`, or pairs of numbers.
        input_dilation: Dilation of the inputs along each spatial axis.
        kernel_dilation: Dilation of the kernel along each spatial axis.
        feature_group_count: Must be 1.
        use_bias: Whether to add a bias.
        mask: NumPy array that the kernel is multiplied by.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.conv_general_dilated_local`.
        kernel_init: Initializer of `kernel`, `[*spatial out, prod(kernel_size) * in, features]`.
        bias_init: Initializer of `bias`, `[*spatial out, features]`.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        conv_general_dilated: Accepted for compatibility with Flax, which does not use it here.
        conv_general_dilated_cls: See `conv_general_dilated`.

    Raises:
        NotImplementedError: In a call, if there is more than one feature group.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.ConvLocal(4, (3,), padding="VALID").init(42, jnp.ones((1, 8, 2)))
        >>> layer.kernel.shape, layer(jnp.ones((5, 8, 2))).shape
        ((6, 6, 4), (5, 6, 4))
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

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            inputs: Shape `[batch..., spatial..., in]`.
        """
        return self._run("__call__", (inputs,), {})


class ConvTranspose(_Convolution, flax_class=linen.ConvTranspose):
    """A transposed convolution, as for upsampling (Zeiler et al., 2010).

    Takes an array of shape `[batch..., spatial..., in]` and returns
    `[batch..., spatial..., features]`. Equivalent to `flax.linen.ConvTranspose`.

    Args:
        features: Number of filters.
        kernel_size: Shape of the kernel; an integer for one spatial axis.
        strides: By how much each spatial axis grows.
        padding: `"SAME"`, `"VALID"`, `"CIRCULAR"`, or pairs of numbers.
        kernel_dilation: Dilation of the kernel along each spatial axis.
        use_bias: Whether to add a bias.
        mask: NumPy array that the kernel is multiplied by.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.conv_transpose`.
        kernel_init: Initializer of `kernel`: `[*kernel_size, in, features]`, or with
            `transpose_kernel` `[*kernel_size, features, in]`.
        bias_init: Initializer of `bias`, `[features]`.
        transpose_kernel: Flip the kernel, as the gradient of a convolution does.
        promote_dtype: Function that promotes inputs and parameters to one dtype.
        preferred_element_type: As in `jax.lax.conv_transpose`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.ConvTranspose(4, (3, 3), strides=(2, 2)).init(42, jnp.ones((1, 8, 8, 2)))
        >>> layer(jnp.ones((5, 8, 8, 2))).shape
        (5, 16, 16, 4)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    features: int
    kernel_size: int | Sequence[int]
    strides: int | Sequence[int] | None = None
    padding: Any = "SAME"
    kernel_dilation: int | Sequence[int] | None = None
    use_bias: bool = True
    mask: Any = None
    dtype: Any = None
    param_dtype: Any = jnp.float32
    precision: Any = None
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    bias_init: initializers.InitializerLike = initializers.zeros
    transpose_kernel: bool = False
    promote_dtype: Any = dtypes.promote_dtype
    preferred_element_type: Any = None

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            inputs: Shape `[batch..., spatial..., in]`.
        """
        return self._run("__call__", (inputs,), {})
