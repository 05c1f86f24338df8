"""Activations with parameters."""

from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter
from jax_metrics.nn.flax import FlaxLayer


class PReLU(FlaxLayer, flax_class=linen.PReLU):
    """`x` where it is positive, elsewhere `x` times a slope that is learned (He et al., 2015).

    Equivalent to `flax.linen.PReLU`.

    Args:
        param_dtype: Parameter dtype.
        negative_slope_init: The first value of `negative_slope`, a scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.PReLU(negative_slope_init=0.5).init(0, jnp.ones(1))
        >>> layer(jnp.array([-2.0, 2.0]))
        Array([-1.,  2.], dtype=float32)
    """

    negative_slope: jax.Array = Parameter.node(init=False)
    param_dtype: Any = jnp.float32
    negative_slope_init: float = 0.01

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Applies the function to each value.

        Args:
            inputs: Any shape.
        """
        return self._run("__call__", (inputs,), {})
