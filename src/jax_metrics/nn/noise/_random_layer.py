"""The base of layers that are random in training: their key, and when it is used."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.module import Key, Rng, describe_place, key_from_init
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn.flax import draw_key


class RandomLayer(CheckedLayer):
    """A layer with its own random key, assigned by `init`.

    It is random in training only: not in evaluation mode, and not frozen.

    Args:
        name: A name for the module.
    """

    rng: Any = Rng.node(init=False)
    _strength: ClassVar[str] = "rate"  # the argument that scales the noise

    def __init__(self, *, name: str | None = None):
        super().__init__(name)
        self.rng = key_from_init() if self._draws() else None

    def _draws(self) -> bool:
        """Whether it draws random numbers in training; otherwise it keeps no key."""
        return getattr(self, self._strength) > 0

    def _key(self, given: Any) -> jax.Array | None:
        """The key for one call; None if the call is deterministic.

        Args:
            given: A key or seed from the caller, used instead of the layer's own.

        Raises:
            RuntimeError: If a key is needed and missing.
        """
        if not self._draws() or not self.training or self.frozen:
            return None
        if given is not None:
            return Key(given)
        return draw_key(self)


class RandomChange(RandomLayer):
    """A layer that changes its input at random in training, and returns it unchanged otherwise."""

    def __call__(self, x: jax.Array, *, rng: Any = None) -> jax.Array:
        """Changes the input, in training.

        Args:
            x: A floating-point array.
            rng: A key or seed for this call, in place of the layer's own.
        """
        x = jnp.asarray(x)
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(
                f"{describe_place(self)} expects a floating-point array; got {x.dtype}. Convert "
                "it first, as in `x.astype(jnp.float32)`."
            )
        key = self._key(rng)
        return x if key is None else run_sharded(self._change, key, x, like=x)

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        """The output in training."""
        raise NotImplementedError
