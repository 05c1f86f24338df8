"""The layers of a transformer."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.module import Module, describe_place
from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._options import SIZES_ARE_INFERRED
from jax_metrics.nn._standing_for import standing_for
from jax_metrics.nn.attention._grouped_query_attention import GroupedQueryAttention
from jax_metrics.nn.linear import FeedForward
from jax_metrics.nn.noise import Dropout
from jax_metrics.nn.normalization import LayerNorm

_KERNEL_INIT = initializers.lecun_normal()
Norm = Callable[..., Module]


class _TransformerLayer(CheckedLayer):
    """Branches, each with a norm, dropout and a residual connection.

    Args of the class statement:
        cross: Whether attention over a memory comes between self-attention and feed-forward.
    """

    norm_first: bool
    _cross: ClassVar[bool] = False
    _arguments_hint: ClassVar[str] = SIZES_ARE_INFERRED

    def __init_subclass__(cls, cross: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._cross = cls._cross or cross

    def __init__(
        self,
        num_heads: int,
        *,
        mlp_features: int | None = None,
        num_kv_heads: int | None = None,
        head_dim: int | None = None,
        dropout_rate: float = 0.1,
        activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
        gated: bool = False,
        norm_first: bool = False,
        norm: Norm = LayerNorm,
        epsilon: float = 1e-5,
        causal: bool | None = None,
        rope: Callable[..., jax.Array] | None = None,
        normalize_qk: bool = False,
        use_bias: bool = True,
        attention_bias: bool | Sequence[str] | None = None,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        name: str | None = None,
    ):
        super().__init__(name)
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        linear = {
            "use_bias": use_bias,
            "precision": precision,
            "kernel_init": kernel_init,
            **dtypes,
        }
        attention = {
            "head_dim": head_dim,
            "dropout_rate": dropout_rate,
            "normalize_qk": normalize_qk,
            **linear,
            "use_bias": use_bias if attention_bias is None else attention_bias,
        }
        self.norm_first = norm_first
        self.self_attention = GroupedQueryAttention(
            num_heads,
            num_kv_heads,
            causal=self._cross if causal is None else causal,
            rope=rope,
            **attention,
        )
        if self._cross:
            self.cross_attention = GroupedQueryAttention(
                num_heads, num_kv_heads, cross=True, **attention
            )
        self.feed_forward = FeedForward(
            mlp_features,
            activation=activation,
            gated=gated,
            dropout_rate=dropout_rate,
            **linear,
        )
        for number in range(1, 4 if self._cross else 3):
            setattr(self, f"norm{number}", norm(epsilon=epsilon, **dtypes))
            setattr(self, f"dropout{number}", Dropout(dropout_rate))

    def _apply(
        self,
        x: jax.Array,
        mask: Any,
        padding_mask: Any,
        *branches: Callable[[jax.Array], jax.Array],
    ) -> jax.Array:
        self._check(x, "x")
        # The residual connections would carry NaN in padding past the attention.
        attention = standing_for(self.self_attention)
        x = attention.without_padding(x, mask=mask, padding_mask=padding_mask)
        for number, branch in enumerate(branches, start=1):
            norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
            if self.norm_first:
                x = x + dropout(branch(norm(x)))
            else:
                x = norm(x + dropout(branch(x)))
        return x

    def _check(self, x: Any, name: str) -> None:
        if jnp.ndim(x) < 2:
            raise ValueError(
                f"{describe_place(self)} expects `{name}` as [batch..., length, features]; got "
                f"shape {jnp.shape(x)}."
            )


class TransformerEncoderLayer(_TransformerLayer):
    """Self-attention and a feed-forward network, each with a residual connection.

    Takes and returns arrays of shape `[batch..., length, features]` (Vaswani et al., 2017; with the
    norms first, Xiong et al., 2020). With `causal=True` it is the block of a decoder-only language
    model, and `init_cache` works on it. Names and defaults are those of PyTorch where they exist.

    Args:
        num_heads: Number of query heads.
        mlp_features: Size inside the feed-forward network; None: four times the features.
        num_kv_heads: Number of key and value heads; None: `num_heads`.
        head_dim: Size of a head; None: the features divided by `num_heads`.
        dropout_rate: The probability that a value is dropped: of the attention weights, inside
            the feed-forward network, and of the output of each branch.
        activation: Activation of the feed-forward network.
        gated: Whether that network is gated: see `FeedForward`.
        norm_first: Whether to normalize the input of a branch (pre-norm) instead of the sum.
        norm: Creates the normalization layers, called with `epsilon`, `dtype` and `param_dtype`.
        epsilon: Added to the variance in the norms.
        causal: Whether a position attends only to itself and earlier ones. None: False here, True
            in a `TransformerDecoderLayer`.
        rope: As in `GroupedQueryAttention`.
        normalize_qk: As in `GroupedQueryAttention`.
        use_bias: Whether the linear layers have biases.
        attention_bias: The same for the attention alone, as in `GroupedQueryAttention`; None:
            `use_bias`.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: Precision of the linear layers, as in `jax.lax.dot_general`.
        kernel_init: Initializer of the kernels of the linear layers.
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

        def attend(h: jax.Array) -> jax.Array:
            return self.self_attention(h, mask=mask, padding_mask=padding_mask, positions=positions)

        return self._apply(x, mask, padding_mask, attend, self.feed_forward)


class TransformerDecoderLayer(_TransformerLayer, cross=True):
    """Self-attention, attention over a memory, and a feed-forward network (Vaswani et al., 2017).

    Takes and returns arrays of shape `[batch..., length, features]`. The self-attention is causal,
    and has a cache after `init_cache`; the keys and values of the memory are computed in each call,
    or, if they are cached too, only in the first call.

    Args:
        num_heads: As in `TransformerEncoderLayer`, as are all other arguments, except that
            the self-attention is causal unless `causal=False`, and that attention over the memory
            has no `rope`.

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

    def __call__(
        self,
        x: jax.Array,
        memory: jax.Array | None = None,
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
            memory: The output of an encoder, `[batch..., keys, features]`; None: the memory of an
                earlier call, if `init_cache` created a cache for it.
            mask: As in `GroupedQueryAttention`, for the self-attention.
            padding_mask: As in `GroupedQueryAttention`, for the self-attention.
            memory_mask: Like `mask`, for the attention to the memory.
            memory_padding_mask: Like `padding_mask`, for the memory.
            positions: As in `GroupedQueryAttention`.
        """
        if memory is not None:
            self._check(memory, "memory")

        def attend(h: jax.Array) -> jax.Array:
            return self.self_attention(h, mask=mask, padding_mask=padding_mask, positions=positions)

        def attend_to_memory(h: jax.Array) -> jax.Array:
            return self.cross_attention(
                h, memory, mask=memory_mask, padding_mask=memory_padding_mask
            )

        return self._apply(x, mask, padding_mask, attend, attend_to_memory, self.feed_forward)
