"""The heads that BERT was trained with."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Module
from jax_metrics.nn import LayerNorm, Linear, initializers

_INIT = initializers.normal(0.02)


class Pooler(Module):
    """A linear layer and a tanh, for the hidden state of the first token (Devlin et al., 2019).

    Args:
        width: Features of the hidden state.
        dtypes: `dtype` and `param_dtype` of the layer.
    """

    def __init__(self, width: int, **dtypes: Any):
        self.linear = Linear(width, kernel_init=_INIT, **dtypes)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shape `[..., width]`."""
        return jnp.tanh(self.linear(x))


class MaskedLanguageHead(Module):
    """Logits of the tokens that were masked (Devlin et al., 2019).

    `Bert` ties the kernel of `decoder` to its embedding.

    Args:
        vocabulary: Number of tokens.
        width: Features of the hidden states.
        activation: Applied after the first layer.
        epsilon: Added to the variance in the norm.
        dtypes: `dtype` and `param_dtype` of the layers.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        activation: Callable[[jax.Array], jax.Array],
        epsilon: float,
        **dtypes: Any,
    ):
        self.linear = Linear(width, kernel_init=_INIT, **dtypes)
        self.activation = activation
        self.norm = LayerNorm(epsilon=epsilon, **dtypes)
        self.decoder = Linear(vocabulary, kernel_init=_INIT, **dtypes)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Logits, `[..., vocabulary]`, from hidden states, `[..., width]`."""
        return self.decoder(self.norm(self.activation(self.linear(x))))
