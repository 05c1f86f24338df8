"""What all language models share."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.module import Inputs, Module, tie
from jax_metrics.nn import Linear, cached_length, initializers
from jax_metrics.tree import OtherMethod


def _by_rows(x: jax.Array, kernel: jax.Array, dimensions: Any, **options: Any) -> jax.Array:
    """`jax.lax.dot_general` with the columns of a kernel, which are the rows of an embedding.

    Of one token, XLA computes the product with a transposed matrix a fourth slower on a CPU. Two
    transpositions cancel out.
    """
    ((contracted, _), batch) = dimensions
    return jax.lax.dot_general(x, kernel.T, ((contracted, (1,)), batch), **options)


class LanguageModel(Architecture):
    """Logits of the next token at each position: `head(features(tokens))`.

    `features`, called with tokens, `positions` and `padding_mask`, returns the hidden state at each
    position, `[batch..., length, width]`; `head` computes logits from them. Such a model works with
    `jm.nn.init_cache` and `jm.models.generate`.

    Args:
        features: The body, whose embedding is `features.embed`.
        vocabulary: Number of tokens.
        max_length: The number of positions that the model was made for.
        tied: Whether the head shares the matrix of the embedding, transposed.
        linear: Options of the head.
    """

    features: Any  # a Module that has `embed`
    head: Module
    if not TYPE_CHECKING:  # for a checker it does not exist
        generate = OtherMethod("Write `jm.models.generate(model, tokens, max_new_tokens)`.")

    def __init__(
        self, features: Module, vocabulary: int, *, max_length: int, tied: bool, **linear: Any
    ):
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.features = features
        self.head = Linear(
            vocabulary,
            use_bias=False,
            kernel_init=initializers.normal(0.02),
            dot_general=_by_rows if tied else None,
            **linear,
        )
        if tied:
            tie(
                self,
                ".features.embed.embedding",
                ".head.kernel",
                transform=jnp.transpose,
                inplace=True,
            )

    def example_inputs(self) -> Inputs:
        """Two tokens."""
        return Inputs(jnp.zeros((1, 2), jnp.int32))

    def __call__(
        self,
        tokens: jax.Array,
        *,
        positions: Any = None,
        padding_mask: jax.Array | None = None,
        logits_at: jax.Array | None = None,
    ) -> jax.Array:
        """Logits of the next token.

        Args:
            tokens: Integers, `[batch..., length]`.
            positions: Their positions: an offset, or integers `[batch..., length]`; None: counted
                from 0, or from the number of cached positions.
            padding_mask: True at tokens, False at padding, `[batch..., length]`.
            logits_at: Indices along `length`, `[batch..., n]`, of the positions whose logits are
                computed; None: all.

        Returns:
            Shape `[batch..., length or n, vocabulary]`.
        """
        if positions is None:
            positions = cached_length(self)
        hidden = self.features(tokens, positions=positions, padding_mask=padding_mask)
        if logits_at is not None:
            hidden = jnp.take_along_axis(hidden, logits_at[..., None], axis=-2)
        return self.head(hidden)
