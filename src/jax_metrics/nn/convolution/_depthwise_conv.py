"""Depthwise and separable convolutions."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter, describe_place, next_key
from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn.convolution._conv import Conv
from jax_metrics.nn.convolution._pad import PaddingMode, check_padding_mode
from jax_metrics.nn.convolution._spatial import (
    as_shape,
    check_one_axis,
    check_rank,
    padding_pairs,
    per_axis,
)

_KERNEL_INIT = initializers.lecun_normal()


class DepthwiseConv(CheckedLayer):
    """Convolves each channel with its own kernels.

    Takes an array of shape `[batch..., spatial..., in]` and returns
    `[batch..., spatial..., in * depth_multiplier]`; the outputs of one channel are neighbours. The
    parameters match a `Conv` with `feature_group_count=in`.

    Args:
        kernel_size: Shape of the kernel; an integer for one spatial axis.
        strides: Step along each spatial axis, one number or one for each.
        padding: `"SAME"`, `"VALID"`, `"CAUSAL"` (one spatial axis), or numbers: one, or for each
            axis a number or a pair `(before, after)`.
        depth_multiplier: Number of kernels for each channel.
        kernel_dilation: Dilation of the kernel along each spatial axis.
        use_bias: Whether to add a bias.
        padding_mode: `"constant"` (zeros) or another mode of `Pad`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.conv_general_dilated`.
        kernel_init: Initializer of `kernel`, `[*kernel_size, 1, in * depth_multiplier]`.
        bias_init: Initializer of `bias`, `[in * depth_multiplier]`.
        name: A name for the module.

    Raises:
        ValueError: If the numbers do not fit together, or the input has too few axes or another
            number of channels than in `init`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.DepthwiseConv((3, 3), depth_multiplier=2).init(0, jnp.ones((1, 8, 8, 4)))
        >>> layer(jnp.ones((5, 8, 8, 4))).shape
        (5, 8, 8, 8)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: Any = "SAME",
        depth_multiplier: int = 1,
        kernel_dilation: int | Sequence[int] = 1,
        use_bias: bool = True,
        padding_mode: str = "constant",
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        bias_init: initializers.InitializerLike = initializers.zeros,
        name: str | None = None,
    ):
        super().__init__(name)
        self.kernel_size = as_shape(kernel_size, "kernel_size")
        self._one_size = kernel_size if isinstance(kernel_size, int) else None
        axes = len(self.kernel_size)
        self.strides = per_axis(strides, axes, "strides")
        self.kernel_dilation = per_axis(kernel_dilation, axes, "kernel_dilation")
        if not isinstance(padding, str):
            padding = padding_pairs(padding, axes)
        elif padding not in ("SAME", "VALID") and (padding, axes) != ("CAUSAL", 1):
            raise ValueError(
                "`padding` may be 'SAME', 'VALID', numbers, or, with one spatial axis, 'CAUSAL'; "
                f"got {padding!r} for the kernel {self.kernel_size}."
            )
        check_padding_mode(padding_mode)
        self.padding = padding
        self.depth_multiplier = depth_multiplier
        self.use_bias = use_bias
        self.padding_mode = padding_mode
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.precision = precision
        self.kernel_init = kernel_init
        self.bias_init = bias_init

    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            x: Shape `[batch..., spatial..., in]`.
        """
        axes = len(self.kernel_size)
        check_rank(self, x, axes)
        check_one_axis(self, "kernel_size", self._one_size, x)
        x = jnp.asarray(x)
        channels = x.shape[-1]
        features = channels * self.depth_multiplier
        if self.initializing() and "kernel" not in vars(self):
            shape = (*self.kernel_size, 1, features)
            self.kernel = self.kernel_init(next_key(), shape, self.param_dtype)
            self.bias = None
            if self.use_bias:
                self.bias = self.bias_init(next_key(), (features,), self.param_dtype)
        if self.kernel.shape[-1] != features:
            raise ValueError(
                f"{describe_place(self)} was initialized for "
                f"{self.kernel.shape[-1] // self.depth_multiplier} channels; got shape {x.shape}."
            )
        x, kernel, bias = dtypes.promote_dtype(x, self.kernel, self.bias, dtype=self.dtype)
        padding = self.padding
        if padding == "CAUSAL":
            padding = (((self.kernel_size[0] - 1) * self.kernel_dilation[0], 0),)
        batch = x.shape[: -axes - 1]
        letters = "ABDEFGHJKL"[:axes]

        def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
            output = PaddingMode(self.padding_mode)(
                x.reshape(math.prod(batch), *x.shape[-axes - 1 :]),
                kernel,
                self.strides,
                padding,
                dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
                rhs_dilation=self.kernel_dilation,
                feature_group_count=channels,
                precision=self.precision,
            )
            return output.reshape(*batch, *output.shape[1:])

        output = run_sharded(convolve, x, kernel, like=x)
        return output if bias is None else output + bias


class SeparableConv(CheckedLayer):
    """A depthwise convolution, then a pointwise convolution that mixes channels (Chollet, 2017).

    Takes an array of shape `[batch..., spatial..., in]` and returns
    `[batch..., spatial..., features]`.

    Args:
        features: Number of filters.
        kernel_size: As in `DepthwiseConv`, as are the arguments up to `kernel_dilation`.
        strides: See `kernel_size`.
        padding: See `kernel_size`.
        depth_multiplier: See `kernel_size`.
        kernel_dilation: See `kernel_size`.
        use_bias: Whether to add a bias at the end.
        padding_mode: As in `DepthwiseConv`, as are the arguments up to `precision`.
        dtype: See `padding_mode`.
        param_dtype: See `padding_mode`.
        precision: See `padding_mode`.
        kernel_init: Initializer of both kernels: `depthwise.kernel` and `pointwise.kernel`.
        bias_init: Initializer of `pointwise.bias`, `[features]`.
        name: A name for the module.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.SeparableConv(16, (3, 3)).init(0, jnp.ones((1, 8, 8, 4)))
        >>> layer(jnp.ones((5, 8, 8, 4))).shape
        (5, 8, 8, 16)
    """

    depthwise: DepthwiseConv
    pointwise: Conv

    def __init__(
        self,
        features: int,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: Any = "SAME",
        depth_multiplier: int = 1,
        kernel_dilation: int | Sequence[int] = 1,
        use_bias: bool = True,
        padding_mode: str = "constant",
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        bias_init: initializers.InitializerLike = initializers.zeros,
        name: str | None = None,
    ):
        super().__init__(name)
        self.depthwise = DepthwiseConv(
            kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            kernel_dilation=kernel_dilation,
            use_bias=False,
            padding_mode=padding_mode,
            dtype=dtype,
            param_dtype=param_dtype,
            precision=precision,
            kernel_init=kernel_init,
        )
        self.pointwise = Conv(
            features,
            (1,) * len(self.depthwise.kernel_size),
            use_bias=use_bias,
            dtype=dtype,
            param_dtype=param_dtype,
            precision=precision,
            kernel_init=kernel_init,
            bias_init=bias_init,
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolves.

        Args:
            x: Shape `[batch..., spatial..., in]`.
        """
        return self.pointwise(self.depthwise(x))
