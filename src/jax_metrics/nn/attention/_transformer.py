"""Transformer blocks and stacks of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Module, describe_place
from jax_metrics.nn.attention._grouped_query_attention import GroupedQueryAttention
from jax_metrics.nn.linear import FeedForward
from jax_metrics.nn.noise import Dropout
from jax_metrics.nn.normalization import LayerNorm
from jax_metrics.tree import copy

Norm = Callable[..., Module]


class _Block(Module):
    """Branches, each with a norm of its own and a way around it."""

    norm_first: bool

    def _add(
        self, x: jax.Array, branch: Callable[[jax.Array], jax.Array], norm: Any, dropout: Any
    ) -> jax.Array:
        if self.norm_first:
            return x + dropout(branch(norm(x)))
        return norm(x + dropout(branch(x)))

    def _check(self, x: Any, name: str) -> None:
        if jnp.ndim(x) < 2:
            raise ValueError(
                f"{describe_place(self)} expects `{name}` as [batch..., length, features]; got "
                f"shape {jnp.shape(x)}."
            )


class TransformerEncoderLayer(_Block):
    """Self-attention and a feed-forward network, each with a residual connection.

    Takes and gives arrays of shape `[batch..., length, features]` (Vaswani et al., 2017; with the
    norms first, Xiong et al., 2020). With `causal=True` it is the block of a decoder-only language
    model, and `init_cache` works on it. Names and defaults are those of PyTorch where it has them.

    Args:
        num_heads: Number of query heads.
        mlp_features: Size inside the feed-forward network; None: four times the features.
        num_kv_heads: Number of heads of keys and values; None: as many.
        head_dim: Size of a head; None: the features divided by `num_heads`.
        dropout_rate: The probability of zero, for attention weights, the values inside the
            feed-forward network, and the output of each branch.
        activation: Of the feed-forward network.
        norm_first: Whether to normalize what goes into a branch (pre-norm), not the sum.
        norm: Makes the norms, called with `epsilon`, `dtype` and `param_dtype`.
        epsilon: Added to the variance in the norms.
        causal: Whether a position sees only itself and those before it.
        rope: As in `GroupedQueryAttention`.
        normalize_qk: As in `GroupedQueryAttention`.
        use_bias: Whether the linear layers have biases.
        dtype: Of the computation; None: the common one of inputs and parameters.
        param_dtype: Of the parameters.
        precision: Of the linear layers, as in `jax.lax.dot_general`.
        name: A name for the module.

    Raises:
        ValueError: If numbers do not fit, as in `GroupedQueryAttention`.
        RuntimeError: In a call in training mode with dropout, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((2, 5, 16))
        >>> layer = jm.nn.TransformerEncoderLayer(4, norm_first=True).init(0, x)
        >>> layer(x).shape
        (2, 5, 16)
    """

    self_attention: GroupedQueryAttention
    feed_forward: FeedForward
    norm1: Module
    norm2: Module
    dropout1: Dropout
    dropout2: Dropout

    def __init__(
        self,
        num_heads: int,
        mlp_features: int | None = None,
        *,
        num_kv_heads: int | None = None,
        head_dim: int | None = None,
        dropout_rate: float = 0.1,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
        norm_first: bool = False,
        norm: Norm = LayerNorm,
        epsilon: float = 1e-5,
        causal: bool = False,
        rope: Callable[..., jax.Array] | None = None,
        normalize_qk: bool = False,
        use_bias: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        name: str | None = None,
    ):
        super().__init__(name)
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        linear = {"use_bias": use_bias, "precision": precision, **dtypes}
        self.norm_first = norm_first
        self.self_attention = GroupedQueryAttention(
            num_heads,
            num_kv_heads,
            head_dim=head_dim,
            causal=causal,
            dropout_rate=dropout_rate,
            rope=rope,
            normalize_qk=normalize_qk,
            **linear,
        )
        self.feed_forward = FeedForward(
            mlp_features, activation=activation, dropout_rate=dropout_rate, **linear
        )
        self.norm1, self.norm2 = (norm(epsilon=epsilon, **dtypes) for _ in range(2))
        self.dropout1, self.dropout2 = (Dropout(dropout_rate) for _ in range(2))

    def __call__(
        self,
        x: jax.Array,
        *,
        mask: jax.Array | None = None,
        padding_mask: jax.Array | None = None,
        positions: Any = None,
    ) -> jax.Array:
        """Applies the block.

        Args:
            x: Shape `[batch..., length, features]`.
            mask: As in `GroupedQueryAttention`, as are the arguments after it.
            padding_mask: See `mask`.
            positions: See `mask`.
        """
        self._check(x, "x")

        def attend(h: jax.Array) -> jax.Array:
            return self.self_attention(h, mask=mask, padding_mask=padding_mask, positions=positions)

        x = self._add(x, attend, self.norm1, self.dropout1)
        return self._add(x, self.feed_forward, self.norm2, self.dropout2)


class TransformerDecoderLayer(_Block):
    """Self-attention, attention over a memory, and a feed-forward network (Vaswani et al., 2017).

    Takes and gives arrays of shape `[batch..., length, features]`. The self-attention is causal,
    and has a cache after `init_cache`; the keys and values of the memory are computed in each call.

    Args:
        num_heads: As in `TransformerEncoderLayer`, as are the arguments after it.
        mlp_features: See `num_heads`.
        num_kv_heads: See `num_heads`.
        head_dim: See `num_heads`.
        dropout_rate: See `num_heads`.
        activation: See `num_heads`.
        norm_first: See `num_heads`.
        norm: See `num_heads`.
        epsilon: See `num_heads`.
        causal: See `num_heads`.
        rope: See `num_heads`; the attention over the memory has none.
        normalize_qk: See `num_heads`.
        use_bias: See `num_heads`.
        dtype: See `num_heads`.
        param_dtype: See `num_heads`.
        precision: See `num_heads`.
        name: A name for the module.

    Raises:
        ValueError: If numbers do not fit, as in `GroupedQueryAttention`.
        RuntimeError: In a call in training mode with dropout, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, memory = jnp.ones((2, 5, 16)), jnp.ones((2, 7, 16))
        >>> layer = jm.nn.TransformerDecoderLayer(4).init(0, (x, memory))
        >>> layer(x, memory).shape
        (2, 5, 16)
    """

    self_attention: GroupedQueryAttention
    cross_attention: GroupedQueryAttention
    feed_forward: FeedForward
    norm1: Module
    norm2: Module
    norm3: Module
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def __init__(
        self,
        num_heads: int,
        mlp_features: int | None = None,
        *,
        num_kv_heads: int | None = None,
        head_dim: int | None = None,
        dropout_rate: float = 0.1,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
        norm_first: bool = False,
        norm: Norm = LayerNorm,
        epsilon: float = 1e-5,
        causal: bool = True,
        rope: Callable[..., jax.Array] | None = None,
        normalize_qk: bool = False,
        use_bias: bool = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        name: str | None = None,
    ):
        super().__init__(name)
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        linear = {"use_bias": use_bias, "precision": precision, **dtypes}
        attention = {
            "head_dim": head_dim,
            "dropout_rate": dropout_rate,
            "normalize_qk": normalize_qk,
            **linear,
        }
        self.norm_first = norm_first
        self.self_attention = GroupedQueryAttention(
            num_heads, num_kv_heads, causal=causal, rope=rope, **attention
        )
        self.cross_attention = GroupedQueryAttention(num_heads, num_kv_heads, **attention)
        self.feed_forward = FeedForward(
            mlp_features, activation=activation, dropout_rate=dropout_rate, **linear
        )
        self.norm1, self.norm2, self.norm3 = (norm(epsilon=epsilon, **dtypes) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout_rate) for _ in range(3))

    def __call__(
        self,
        x: jax.Array,
        memory: jax.Array,
        *,
        mask: jax.Array | None = None,
        padding_mask: jax.Array | None = None,
        memory_mask: jax.Array | None = None,
        memory_padding_mask: jax.Array | None = None,
        positions: Any = None,
    ) -> jax.Array:
        """Applies the block.

        Args:
            x: Shape `[batch..., length, features]`.
            memory: What an encoder made, `[batch..., keys, features]`.
            mask: As in `GroupedQueryAttention`, for the self-attention.
            padding_mask: Likewise.
            memory_mask: As `mask`, for the attention over the memory.
            memory_padding_mask: As `padding_mask`, for the memory.
            positions: As in `GroupedQueryAttention`.
        """
        self._check(x, "x")
        self._check(memory, "memory")

        def attend(h: jax.Array) -> jax.Array:
            return self.self_attention(h, mask=mask, padding_mask=padding_mask, positions=positions)

        def look_up(h: jax.Array) -> jax.Array:
            return self.cross_attention(
                h, memory, mask=memory_mask, padding_mask=memory_padding_mask
            )

        x = self._add(x, attend, self.norm1, self.dropout1)
        x = self._add(x, look_up, self.norm2, self.dropout2)
        return self._add(x, self.feed_forward, self.norm3, self.dropout3)


class _Stack(Module):
    """Copies of a layer, one after the other."""

    layers: list[Any]
    norm: Module | None

    def __init__(
        self, layer: Module, num_layers: int, *, norm: Module | None = None, name: str | None = None
    ):
        super().__init__(name)
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be at least 1; got {num_layers}.")
        if layer.initialized:
            raise ValueError(
                f"{type(self).__name__} copies its layer, and copies of an initialized one would "
                "all start equal. Give it one that `init` was not called on."
            )
        self.layers = [copy(layer) for _ in range(num_layers)]
        self.norm = norm

    def __call__(self, x: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
        """Applies the layers.

        Args:
            x: Shape `[batch..., length, features]`.
            *args: More arguments of each layer.
            **kwargs: Keyword arguments of each layer.
        """
        for layer in self.layers:
            x = layer(x, *args, **kwargs)
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_Stack):
    """Encoder layers one after the other.

    Takes and gives arrays of shape `[batch..., length, features]`; the arguments of a call are
    those of `TransformerEncoderLayer`.

    Args:
        layer: What to copy, not initialized yet.
        num_layers: How many copies.
        norm: Applied at the end, as pre-norm layers need it; None: nothing is.
        name: A name for the module.

    Raises:
        ValueError: If the layer is initialized, or there are no layers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.TransformerEncoderLayer(4, norm_first=True, causal=True)
        >>> x = jnp.ones((2, 5, 16))
        >>> model = jm.nn.TransformerEncoder(layer, 3, norm=jm.LayerNorm()).init(0, x)
        >>> model(x).shape, len(model.layers)
        ((2, 5, 16), 3)
    """


class TransformerDecoder(_Stack):
    """Decoder layers one after the other.

    The arguments of a call are those of `TransformerDecoderLayer`: the inputs and the memory.

    Args:
        layer: What to copy, not initialized yet.
        num_layers: How many copies.
        norm: Applied at the end, as pre-norm layers need it; None: nothing is.
        name: A name for the module.

    Raises:
        ValueError: If the layer is initialized, or there are no layers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, memory = jnp.ones((2, 5, 16)), jnp.ones((2, 7, 16))
        >>> model = jm.nn.TransformerDecoder(jm.nn.TransformerDecoderLayer(4), 3)
        >>> model.init(0, (x, memory))(x, memory).shape
        (2, 5, 16)
    """
