"""Attention over several heads."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp

from jax_metrics.module import Cache, Log, Parameter, Rng, is_initializing, laid_out
from jax_metrics.nn import initializers
from jax_metrics.nn._padding import check_masks
from jax_metrics.nn.attention._attended import (
    attended_keys,
    attending_queries,
    without_unattended,
)
from jax_metrics.nn.attention._attention_functions import dot_product_attention
from jax_metrics.nn.attention._cache_space import (
    check_cache_space,
    check_used_once,
    nan_beyond_cache,
)
from jax_metrics.nn.flax import FlaxLayer


def _center(next_function: Any, args: Any, kwargs: Any, context: Any) -> Any:
    """Subtracts the mean before a LayerNorm of Flax, whose fast variance is then exact."""
    if isinstance(context.module, linen.LayerNorm) and context.method_name == "__call__":
        (x,) = args
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        args = ((wide - wide.mean(-1, keepdims=True)).astype(x.dtype),)
    return next_function(*args, **kwargs)


@functools.wraps(linen.dot_product_attention)  # Flax asks for the signature
def _attend(query: jax.Array, key: jax.Array, *args: Any, **options: Any) -> jax.Array:
    """`flax.linen.dot_product_attention`, which is NaN if all weights are dropped."""
    drops_all = options.get("dropout_rate") == 1 and not options.get("deterministic")
    if not drops_all:
        return linen.dot_product_attention(query, key, *args, **options)
    module = options.pop("module", None)
    if module is not None:
        shape = (*query.shape[:-3], query.shape[-2], query.shape[-3], key.shape[-3])
        module.sow("intermediates", "attention_weights", jnp.zeros(shape, query.dtype))
    output = linen.dot_product_attention(query, key, *args, **{**options, "dropout_rate": 0.0})
    return jnp.zeros_like(output)


class _LinenAttention(linen.MultiHeadDotProductAttention):
    """The attention of Flax, with an exact variance and without NaN from padding."""

    def __call__(
        self,
        inputs_q: jax.Array,
        inputs_k: jax.Array | None = None,
        inputs_v: jax.Array | None = None,
        *,
        inputs_kv: jax.Array | None = None,
        mask: jax.Array | None = None,
        deterministic: bool | None = None,
        dropout_rng: jax.Array | None = None,
        sow_weights: bool = False,
    ) -> jax.Array:
        """Attends; see `flax.linen.MultiHeadDotProductAttention`."""
        if mask is not None and not self.decode:  # a cache holds the keys that this mask is about
            keys, queries = attended_keys(mask), attending_queries(mask)
            itself = inputs_k is None and inputs_v is None and inputs_kv is None
            inputs_q = without_unattended(inputs_q, queries, keys if itself else None)
            if inputs_k is not None:
                inputs_k = without_unattended(inputs_k, keys)
            if inputs_v is not None:
                inputs_v = without_unattended(inputs_v, keys)
            if inputs_kv is not None:
                inputs_kv = without_unattended(inputs_kv, keys)
        options: Any = {
            "inputs_kv": inputs_kv,
            "mask": mask,
            "deterministic": deterministic,
            "dropout_rng": dropout_rng,
            "sow_weights": sow_weights,
        }
        if not self.normalize_qk:
            return super().__call__(inputs_q, inputs_k, inputs_v, **options)
        with linen.intercept_methods(_center):
            return super().__call__(inputs_q, inputs_k, inputs_v, **options)


class MultiHeadDotProductAttention(FlaxLayer, flax_class=_LinenAttention):
    """Attends from each position of a sequence to the positions of another (Vaswani et al., 2017).

    A call takes `inputs_q`, `[batch..., queries, features]`, and by default attends over itself; or
    over `inputs_k` and `inputs_v`, `[batch..., keys, features]`. By keyword: `mask`, `[batch...,
    heads, queries, keys]`, true where a query may attend; `sow_weights=True` to store the weights
    in `attention_weights`, `[batch..., heads, queries, keys]`; `deterministic` and `dropout_rng` to
    override mode and key. It returns `[batch..., queries, out_features]`. Equivalent to
    `flax.linen.MultiHeadDotProductAttention`.

    `query`, `key`, `value` and `out` are dicts with `kernel` and `bias`; `normalize_qk` adds
    `query_ln` and `key_ln`. With `decode=True`, `init` with a whole sequence makes a cache of its
    length, in `cached_key`, `cached_value` and `cache_index`; then each call takes one position. A
    call beyond that length is an error or, if traced, returns NaN.

    Args:
        num_heads: Number of heads; `qkv_features` is divided among them.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        qkv_features: Size of queries, keys and values; None: the size of the inputs.
        out_features: Size of the output; None: the size of the inputs.
        broadcast_dropout: Whether to drop the same weights in the whole batch.
        dropout_rate: The probability that a weight is dropped in training.
        deterministic: Overrides the module's mode; None: follows the mode.
        precision: As in `jax.lax.dot_general`.
        kernel_init: Initializer of the kernels.
        out_kernel_init: Initializer of the kernel of `out`; None: `kernel_init`.
        bias_init: Initializer of the biases.
        out_bias_init: Initializer of the bias of `out`; None: `bias_init`.
        use_bias: Whether to add biases.
        attention_fn: Function that computes the attention of queries, keys and values.
        decode: Whether to keep a cache.
        normalize_qk: Whether to normalize queries and keys (Dehghani et al., 2023).
        force_fp32_for_softmax: Compute the softmax in float32.
        qkv_dot_general: Replaces `jax.lax.dot_general` for queries, keys and values.
        out_dot_general: Replaces it for the output.
        qkv_dot_general_cls: Class that makes such a function.
        out_dot_general_cls: Class that makes such a function.
        qk_attn_weights_einsum_cls: Class of a replacement for `einsum` in the attention weights.
        attn_weights_value_einsum_cls: Class of a replacement for `einsum` in the weighted sum.

    Raises:
        AssertionError: In a call, if the heads do not divide `qkv_features`.
        RuntimeError: In a call in training mode with dropout, without a key, or if one call of the
            model calls a layer that decodes twice.
        ValueError: If the rate is not a probability; in a call, if `inputs_v` is given without
            `inputs_k`, if the shape of the inputs does not match the cache when decoding, or if the
            cache is full.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((2, 5, 8))
        >>> layer = jm.nn.MultiHeadDotProductAttention(num_heads=4).init(42, x)
        >>> layer(x, mask=jm.nn.make_causal_mask(x[..., 0])).shape, layer.query["kernel"].shape
        ((2, 5, 8), (8, 4, 2))
    """

    query: dict[str, jax.Array] = Parameter.node(init=False)
    key: dict[str, jax.Array] = Parameter.node(init=False)
    value: dict[str, jax.Array] = Parameter.node(init=False)
    out: dict[str, jax.Array] = Parameter.node(init=False)
    query_ln: dict[str, jax.Array] | None = Parameter.node(init=False)
    key_ln: dict[str, jax.Array] | None = Parameter.node(init=False)
    cached_key: jax.Array | None = Cache.node(init=False)
    cached_value: jax.Array | None = Cache.node(init=False)
    cache_index: jax.Array | None = Cache.node(init=False)
    attention_weights: jax.Array | None = Log.node(init=False)
    rng: Any = Rng.node(init=False)
    num_heads: int
    dtype: Any = None
    param_dtype: Any = jnp.float32
    qkv_features: int | None = None
    out_features: int | None = None
    broadcast_dropout: bool = True
    dropout_rate: float = 0.0
    deterministic: bool | None = None
    precision: Any = None
    kernel_init: initializers.InitializerLike = initializers.lecun_normal()
    out_kernel_init: initializers.InitializerLike | None = None
    bias_init: initializers.InitializerLike = initializers.zeros
    out_bias_init: initializers.InitializerLike | None = None
    use_bias: bool = True
    attention_fn: Callable[..., jax.Array] = _attend
    decode: bool = False
    normalize_qk: bool = False
    force_fp32_for_softmax: bool = False
    qkv_dot_general: Any = None
    out_dot_general: Any = None
    qkv_dot_general_cls: Any = None
    out_dot_general_cls: Any = None
    qk_attn_weights_einsum_cls: Any = None
    attn_weights_value_einsum_cls: Any = None

    def set_arguments(self, values: Mapping[str, Any]) -> None:
        """Replaces the arguments, in place; see `FlaxLayer`."""
        if values.get("attention_fn") is dot_product_attention:
            # The layer has checked the mask, which Flax turns into numbers when it decodes.
            values = {**values, "attention_fn": _attend}
        super().set_arguments(values)

    def __call__(
        self,
        inputs_q: jax.Array,
        inputs_k: jax.Array | None = None,
        inputs_v: jax.Array | None = None,
        *,
        inputs_kv: jax.Array | None = None,
        mask: jax.Array | None = None,
        deterministic: bool | None = None,
        dropout_rng: jax.Array | None = None,
        sow_weights: bool = False,
    ) -> jax.Array:
        """Attends.

        Args:
            inputs_q: Shape `[batch..., queries, features]`.
            inputs_k: Shape `[batch..., keys, features]`; None: `inputs_q`.
            inputs_v: Shape `[batch..., keys, features]`; None: `inputs_k`.
            inputs_kv: Deprecated name for `inputs_k` and `inputs_v` together.
            mask: Shape `[batch..., heads, queries, keys]`, true where a query may attend.
            deterministic: Overrides the mode for this call.
            dropout_rng: The key to use instead of the layer's own.
            sow_weights: Whether to leave the weights in `attention_weights`.
        """
        options = {
            "inputs_kv": inputs_kv,
            "mask": mask,
            "deterministic": deterministic,
            "dropout_rng": dropout_rng,
            "sow_weights": sow_weights,
        }
        return self._attend((inputs_q, inputs_k, inputs_v), options)

    def _attend(self, args: tuple[Any, ...], options: dict[str, Any]) -> jax.Array:
        return laid_out(self, self._attend_or_decode(args, options), "length", "features")

    def _attend_or_decode(self, args: tuple[Any, ...], options: dict[str, Any]) -> jax.Array:
        index, keys = vars(self).get("cache_index"), vars(self).get("cached_key")
        if not self.decode or index is None or keys is None or is_initializing():
            return self._run("__call__", args, options)
        check_used_once(self)
        check_cache_space(self, index, 1, keys.shape[-3])
        output = self._run("__call__", args, options)
        return nan_beyond_cache(output, index + 1, keys.shape[-3])


class MultiHeadAttention(MultiHeadDotProductAttention):
    """`MultiHeadDotProductAttention` under its shorter name, as in Flax.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, memory = jnp.ones((2, 5, 8)), jnp.ones((2, 7, 8))
        >>> layer = jm.nn.MultiHeadAttention(num_heads=4).init(42, (x, memory))
        >>> layer(x, memory, sow_weights=True).shape, layer.attention_weights.shape
        ((2, 5, 8), (2, 4, 5, 7))
    """


class _LinenSelfAttention(_LinenAttention):
    """`flax.linen.SelfAttention` without its deprecation warning."""

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs_q: jax.Array,
        mask: jax.Array | None = None,
        deterministic: bool | None = None,
        dropout_rng: jax.Array | None = None,
        sow_weights: bool = False,
    ) -> jax.Array:
        return super().__call__(
            inputs_q,
            mask=mask,
            deterministic=deterministic,
            dropout_rng=dropout_rng,
            sow_weights=sow_weights,
        )


class SelfAttention(MultiHeadDotProductAttention, flax_class=_LinenSelfAttention):
    """Attention of a sequence over itself.

    A call takes `inputs_q`, `mask`, `deterministic`, `dropout_rng` and `sow_weights`, in this
    order. Equivalent to `flax.linen.SelfAttention`; arguments and fields are those of
    `MultiHeadDotProductAttention`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.SelfAttention(num_heads=4, decode=True).init(42, jnp.ones((2, 5, 8)))
        >>> [layer(jnp.ones((2, 1, 8))).shape for _ in range(2)], int(layer.cache_index)
        ([(2, 1, 8), (2, 1, 8)], 2)
    """

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        inputs_q: jax.Array,
        mask: jax.Array | None = None,
        deterministic: bool | None = None,
        dropout_rng: jax.Array | None = None,
        sow_weights: bool = False,
    ) -> jax.Array:
        """Attends.

        Args:
            inputs_q: Shape `[batch..., length, features]`.
            mask: Shape `[batch..., heads, length, length]`, true where a query may attend.
            deterministic: Overrides the mode for this call.
            dropout_rng: The key to use instead of the layer's own.
            sow_weights: Whether to leave the weights in `attention_weights`.
        """
        options = {"deterministic": deterministic, "dropout_rng": dropout_rng}
        return self._attend((inputs_q,), {"mask": mask, "sow_weights": sow_weights, **options})

    def _check_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        check_masks(self, mask=args[1] if len(args) > 1 else kwargs.get("mask"))
