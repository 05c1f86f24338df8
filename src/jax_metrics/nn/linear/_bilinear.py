"""A layer that is linear in each of two inputs."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter, describe_place, next_key
from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._options import SIZES_ARE_INFERRED

_KERNEL_INIT = initializers.lecun_normal()


class Bilinear(CheckedLayer):
    """Combines two inputs: `y[k] = sum_ij x1[i] kernel[i, j, k] x2[j] + bias[k]`.

    Takes arrays of shape `[..., in1]` and `[..., in2]` and returns `[..., features]`.

    Args:
        features: Size of the output.
        use_bias: Whether to add a bias.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: As in `jax.lax.dot_general`.
        kernel_init: Initializer of `kernel`, `[in1, in2, features]`.
        bias_init: Initializer of `bias`, `[features]`.
        name: A name for the module.

    Raises:
        ValueError: In a call, if an input has another size than in `init`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> left, right = jnp.ones((5, 3)), jnp.ones((5, 4))
        >>> layer = jm.nn.Bilinear(2).init(0, (left, right))
        >>> layer(left, right).shape
        (5, 2)
    """

    kernel: jax.Array = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)

    _arguments_hint: ClassVar[str] = SIZES_ARE_INFERRED

    def __init__(
        self,
        features: int,
        *,
        use_bias: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        bias_init: initializers.InitializerLike = initializers.zeros,
        name: str | None = None,
    ):
        super().__init__(name)
        self.features = features
        self.use_bias = use_bias
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.precision = precision
        self.kernel_init = kernel_init
        self.bias_init = bias_init

    def __call__(self, x1: jax.Array, x2: jax.Array) -> jax.Array:
        """Combines the inputs.

        Args:
            x1: Shape `[..., in1]`.
            x2: Shape `[..., in2]`.
        """
        sizes = (jnp.shape(x1)[-1:] or (0,)) + (jnp.shape(x2)[-1:] or (0,))
        if self.initializing() and "kernel" not in vars(self):
            shape = (*sizes, self.features)
            self.kernel = self.kernel_init(next_key(), shape, self.param_dtype)
            self.bias = None
            if self.use_bias:
                self.bias = self.bias_init(next_key(), (self.features,), self.param_dtype)
        if self.kernel.shape[:2] != sizes:
            raise ValueError(
                f"{describe_place(self)} was initialized for inputs of size "
                f"{self.kernel.shape[:2]}; got the shapes {jnp.shape(x1)} and {jnp.shape(x2)}."
            )
        x1, x2, kernel, bias = dtypes.promote_dtype(
            x1, x2, self.kernel, self.bias, dtype=self.dtype
        )
        output = jnp.einsum("...i,ijk,...j->...k", x1, kernel, x2, precision=self.precision)
        return output if bias is None else output + bias
