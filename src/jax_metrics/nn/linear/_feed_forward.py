"""The part of a transformer block that works on each position separately."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import laid_out
from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._rate import check_rate
from jax_metrics.nn.linear._linear import Linear
from jax_metrics.nn.noise import Dropout
from jax_metrics.tree import outside_compact

_KERNEL_INIT = initializers.lecun_normal()


class FeedForward(CheckedLayer):
    """Two linear layers with an activation and dropout between them; the size does not change.

    Takes an array of shape `[..., features]` and returns an array of the same shape. With
    `gated=True`, the activation is applied to a third layer, `gate`, which multiplies the output of
    the first: `linear2(activation(gate(x)) * linear1(x))`. With `jax.nn.silu` that is SwiGLU, with
    `jax.nn.gelu` GEGLU (Shazeer, 2020).

    Args:
        hidden_features: Size between the layers; None: four times the features.
        activation: Applied after the first layer, or after the gate.
        gated: Whether there is a gate.
        dropout_rate: The probability that a hidden value is dropped in training.
        use_bias: As in `jm.Linear`, as are the arguments after it.
        dtype: See `use_bias`.
        param_dtype: See `use_bias`.
        precision: See `use_bias`.
        kernel_init: See `use_bias`.
        bias_init: See `use_bias`.
        name: A name for the module.

    Raises:
        ValueError: If the rate is not a probability.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.FeedForward().init(0, jnp.ones((1, 8)))
        >>> layer.linear1.kernel.shape, layer.linear2.kernel.shape
        ((8, 32), (32, 8))
    """

    linear1: Linear
    gate: Linear | None
    linear2: Linear
    dropout: Dropout

    def __init__(
        self,
        hidden_features: int | None = None,
        *,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
        gated: bool = False,
        dropout_rate: float = 0.0,
        use_bias: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        bias_init: initializers.InitializerLike = initializers.zeros,
        name: str | None = None,
    ):
        super().__init__(name)
        check_rate(dropout_rate, "dropout_rate")
        self.hidden_features = hidden_features
        self.activation = activation
        self.gated = gated
        self.dropout = Dropout(dropout_rate)
        self.use_bias = use_bias
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.precision = precision
        self.kernel_init = kernel_init
        self.bias_init = bias_init

    def __call__(self, x: jax.Array) -> jax.Array:
        """Applies the layers.

        Args:
            x: Shape `[..., features]`.
        """
        if self.initializing() and "linear1" not in vars(self):
            features = x.shape[-1]
            hidden = 4 * features if self.hidden_features is None else self.hidden_features
            with outside_compact():  # a compact method around would take them for its own
                self.linear1, self.linear2 = self._linear(hidden), self._linear(features)
                self.gate = self._linear(hidden) if self.gated else None
        hidden = laid_out(self, self.linear1(x), "hidden")
        if self.gate is None:
            hidden = self.activation(hidden)
        else:
            hidden = self.activation(laid_out(self, self.gate(x), "hidden")) * hidden
        output = self.linear2(self.dropout(hidden))
        return laid_out(self, output, "length", "features")

    def _linear(self, features: int) -> Linear:
        return Linear(
            features,
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            precision=self.precision,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
