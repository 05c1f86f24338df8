"""Embeddings."""

from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.module import Parameter, describe_place, laid_out
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer


class _LinenEmbed(linen.Embed):
    """The Embed of Flax, in which one vector is looked up like several."""

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Looks up vectors; see `flax.linen.Embed`."""
        if self.num_embeddings != 1 or not jnp.issubdtype(jnp.result_type(inputs), jnp.integer):
            return super().__call__(inputs)
        # Flax broadcasts the one vector to all indices, those out of range included.
        table: Any = self.promote_dtype(self.embedding, dtype=self.dtype, inexact=False)[0]
        return jnp.take(table, inputs, axis=0)


class Embed(FlaxLayer, flax_class=_LinenEmbed):
    """Looks up a vector for each integer.

    Takes integers of shape `[...]` and returns `[..., features]`. Negative integers count from the
    end; integers out of range return NaN. Equivalent to `flax.linen.Embed`, except that an integer
    out of range returns NaN with a single vector, too.

    Args:
        num_embeddings: Number of vectors.
        features: Their size.
        dtype: Output dtype; None: the parameters' dtype.
        param_dtype: Parameter dtype.
        embedding_init: Initializer of `embedding`, `[num_embeddings, features]`.
        promote_dtype: Function that promotes inputs and parameters to one dtype.

    Raises:
        ValueError: In a call, if the inputs are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Embed(10, 4).init(0, jnp.array([0]))
        >>> layer(jnp.array([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    embedding: jax.Array = Parameter.node(init=False)
    num_embeddings: int
    features: int
    dtype: Any = None
    param_dtype: Any = jnp.float32
    embedding_init: initializers.InitializerLike = initializers.variance_scaling(
        1.0, "fan_in", "normal", out_axis=0
    )
    promote_dtype: Any = dtypes.promote_dtype

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Looks up the vectors.

        Args:
            inputs: Integers of shape `[...]`.
        """
        dtype = getattr(inputs, "dtype", None)
        if dtype is not None and not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(
                f"{describe_place(self)} expects integers, which number its vectors; got {dtype}. "
                "Write `x.astype(int)` if they are whole numbers; inputs that are numbers go into "
                "a `Linear`."
            )
        return laid_out(self, self._run("__call__", (inputs,), {}), "length", "features")

    def attend(self, query: jax.Array) -> jax.Array:
        """The products of a query with all vectors: logits over the integers.

        Args:
            query: Shape `[..., features]`.

        Returns:
            Shape `[..., num_embeddings]`.
        """
        return laid_out(self, self._run("attend", (query,), {}), "vocabulary")
