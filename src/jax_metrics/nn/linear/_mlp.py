"""The multi-layer perceptron."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._options import SIZES_ARE_INFERRED, check_sizes
from jax_metrics.nn.linear._linear import Linear
from jax_metrics.tree import compact

_KERNEL_INIT = initializers.lecun_normal()


class MLP(CheckedLayer):
    """Linear layers with an activation between them.

    Takes an array of shape `[..., in]` and returns `[..., features[-1]]`.

    Args:
        features: Output size of each layer.
        activation: Applied after each layer but the last.
        use_bias: As in `Linear`, as are the arguments after it.
        dtype: See `use_bias`.
        param_dtype: See `use_bias`.
        precision: See `use_bias`.
        kernel_init: See `use_bias`.
        bias_init: See `use_bias`.
        name: A name for the module.

    Raises:
        ValueError: If `features` is empty.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.MLP([64, 1]).init(key=42, inputs=jnp.ones((50, 1)))
        >>> model(jnp.ones((50, 1))).shape
        (50, 1)
    """

    _checked_in_init: ClassVar[frozenset[str]] = frozenset({"activation", "name"})

    def __init__(
        self,
        features: Sequence[int],
        activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
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
        if isinstance(features, int):
            raise TypeError(
                f"MLP expects the sizes of all layers in a list, as in `MLP([{features}, 1])`; got "
                f"{features}.{SIZES_ARE_INFERRED}"
            )
        check_sizes("MLP", **{f"features[{i}]": size for i, size in enumerate(features)})
        if not callable(activation):
            raise TypeError(f"MLP expects a function for `activation`; got {activation!r}.")
        if not features:
            raise ValueError("MLP needs at least one layer, as in `MLP([64, 1])`; got none.")
        self.features = tuple(features)  # a list would be compared at every call of a step
        self.activation = activation
        self.use_bias = use_bias
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.precision = precision
        self.kernel_init = kernel_init
        self.bias_init = bias_init

    @compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Applies the layers.

        Args:
            x: Shape `[..., in]`.
        """
        for number, features in enumerate(self.features, start=1):
            x = Linear(
                features,
                use_bias=self.use_bias,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                precision=self.precision,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
            )(x)
            if number < len(self.features):
                x = self.activation(x)
        return x
