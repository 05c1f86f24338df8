"""Dropout."""

from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax

from jax_metrics.module import Rng
from jax_metrics.nn.flax import FlaxLayer


class Dropout(FlaxLayer, flax_class=linen.Dropout):
    """Zeroes random values in training, and scales up the others (Srivastava et al., 2014).

    It keeps its own random key, assigned by `init`. In evaluation mode, or frozen, it returns its
    inputs unchanged. Equivalent to `flax.linen.Dropout`; pass `rng=` to a call to use that key.

    Args:
        rate: The probability that a value is zeroed.
        broadcast_dims: Axes along which one mask is broadcast.
        deterministic: Overrides the module's mode; None: follows the mode.
        rng_collection: Accepted for compatibility with Flax; the field `rng` is used instead.

    Raises:
        ValueError: If the rate is not a probability.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Dropout(0.5).init(42)
        >>> sorted(set(layer(jnp.ones(100)).tolist()))
        [0.0, 2.0]
        >>> set(layer.eval()(jnp.ones(100)).tolist())
        {1.0}
    """

    rng: Any = Rng.node(init=False)
    rate: float
    broadcast_dims: Sequence[int] = ()
    deterministic: bool | None = None
    rng_collection: str = "dropout"

    def __call__(
        self,
        inputs: jax.Array,
        deterministic: bool | None = None,
        rng: jax.Array | None = None,
    ) -> jax.Array:
        """Drops values, in training.

        Args:
            inputs: Any shape.
            deterministic: Overrides the mode for this call.
            rng: The key to use instead of the layer's own.
        """
        return self._run("__call__", (inputs,), {"deterministic": deterministic, "rng": rng})
