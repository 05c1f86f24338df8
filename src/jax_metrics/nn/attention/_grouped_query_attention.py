"""Grouped-query attention, with a cache of its keys and values for decoding."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Cache, describe_place, laid_out
from jax_metrics.nn import initializers
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn._options import check_sizes
from jax_metrics.nn._padding import check_masks
from jax_metrics.nn._rate import check_rate
from jax_metrics.nn.attention._attended import (
    attended_keys,
    attending_queries,
    without_unattended,
)
from jax_metrics.nn.attention._attention_cache import (
    append,
    capacity_of,
    has_cache,
    keep_memory,
    positions_before,
    recall_memory,
    start_cache,
)
from jax_metrics.nn.attention._cache_space import nan_beyond_cache
from jax_metrics.nn.attention._grouped_heads import attend, attend_and_drop
from jax_metrics.nn.attention._position import expand_positions
from jax_metrics.nn.linear import Linear
from jax_metrics.nn.noise import RandomLayer
from jax_metrics.nn.normalization import RMSNorm
from jax_metrics.tree import outside_compact

_KERNEL_INIT = initializers.lecun_normal()


class GroupedQueryAttention(RandomLayer):
    """Attention whose heads share keys and values in groups (Ainslie et al., 2023).

    With `num_kv_heads=num_heads`, the default, it is multi-head attention; with 1, multi-query
    attention. Takes queries `[batch..., length, features]` and attends to these, or to other keys
    and values. The layers `query`, `key`, `value` and `out` are `Linear`.

    A `causal` layer can cache its keys and values between calls, and a `cross` layer those of its
    memory: see `init_cache`. Dropout of the weights needs a random key, as in `jm.Dropout`.

    Args:
        num_heads: Number of query heads.
        num_kv_heads: Number of key and value heads, a divisor of `num_heads`; None: `num_heads`.
        head_dim: Size of a head; None: the features of the queries divided by `num_heads`.
        out_features: Size of the output; None: the size of the queries.
        causal: Whether a position attends only to itself and earlier positions.
        cross: Whether it attends to a memory, the `key` of a call, instead of the queries.
        dropout_rate: The probability that a weight is dropped in training.
        rope: Called with queries or keys `[batch..., length, heads, head_dim]` and their positions,
            such as a `RotaryEmbedding`; None: no such function.
        normalize_qk: Whether to apply `RMSNorm` to queries and keys, head by head, before `rope`.
        use_bias: Whether the four layers have biases, or the names of the layers that have them:
            `("query", "value", "out")`.
        dtype: Computation dtype, except for the softmax, which uses at least float32; None:
            promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        precision: Precision of the four layers, as in `jax.lax.dot_general`.
        kernel_init: Initializer of the kernels, `[in, heads * head_dim]`; that of `out` is
            `[heads * head_dim, out_features]`.
        bias_init: Initializer of the biases.
        name: A name for the module.

    Raises:
        ValueError: If the numbers of heads do not fit, or it is `causal` and `cross`; in a call,
            if shapes do not fit, the memory is missing, or the cache cannot hold the inputs.
        RuntimeError: In a call in training mode with dropout, without a key, or if one call of the
            model calls a layer with a cache twice, for a `cross` layer with two memories.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((2, 5, 16))
        >>> layer = jm.nn.GroupedQueryAttention(4, num_kv_heads=2, causal=True).init(0, x)
        >>> layer(x).shape, layer.key.kernel.shape
        ((2, 5, 16), (16, 8))
    """

    query: Linear
    key: Linear
    value: Linear
    out: Linear
    query_norm: RMSNorm | None
    key_norm: RMSNorm | None
    cached_key: jax.Array | None = Cache.node(None, init=False)
    cached_value: jax.Array | None = Cache.node(None, init=False)
    cached_mask: jax.Array | None = Cache.node(None, init=False)
    cache_index: jax.Array | None = Cache.node(None, init=False)
    _strength = "dropout_rate"

    def __init__(
        self,
        num_heads: int,
        num_kv_heads: int | None = None,
        *,
        head_dim: int | None = None,
        out_features: int | None = None,
        causal: bool = False,
        cross: bool = False,
        dropout_rate: float = 0.0,
        rope: Callable[..., jax.Array] | None = None,
        normalize_qk: bool = False,
        use_bias: bool | Sequence[str] = True,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        bias_init: initializers.InitializerLike = initializers.zeros,
        name: str | None = None,
    ):
        check_rate(dropout_rate, "dropout_rate")
        owner = type(self).__name__
        check_sizes(owner, num_heads=num_heads, num_kv_heads=num_kv_heads, head_dim=head_dim)
        kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        if num_heads < 1 or kv_heads < 1 or num_heads % kv_heads:
            raise ValueError(
                f"`num_kv_heads` must divide `num_heads`; got {num_kv_heads} and {num_heads}."
            )
        if causal and cross:
            raise ValueError(f"{owner} attends over a memory with `cross`, so not `causal`.")
        self.dropout_rate = dropout_rate
        super().__init__(name=name)
        self.num_heads = num_heads
        self.num_kv_heads = kv_heads
        self.head_dim = head_dim
        self.out_features = out_features
        self.causal = causal
        self.cross = cross
        self.rope = rope
        self.normalize_qk = normalize_qk
        self.use_bias = _named_biases(owner, use_bias)
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.precision = precision
        self.kernel_init = kernel_init
        self.bias_init = bias_init

    def __call__(
        self,
        query: jax.Array,
        key: jax.Array | None = None,
        value: jax.Array | None = None,
        *,
        mask: jax.Array | None = None,
        padding_mask: jax.Array | None = None,
        positions: Any = None,
        rng: Any = None,
        return_weights: bool = False,
    ) -> Any:
        """Attends.

        Args:
            query: Shape `[batch..., length, features]`.
            key: The keys, `[batch..., keys, features]`; None: the queries, or, with `cross` and a
                cache, the keys of the last call that passed any.
            value: The values, of the same shape; None: the keys.
            mask: True where a query may attend, in a shape that broadcasts to
                `[batch..., heads, length, keys]`. With a cache, `keys` is the length of the cache.
            padding_mask: True at the keys that are not padding, `[batch..., keys]`. It is stored in
                the cache.
            positions: The positions passed to `rope` for the queries, and for the keys in
                self-attention: an offset, or integers `[batch..., length]`; None: counted from 0,
                or from the number of cached positions.
            rng: A key or seed for the dropout of this call, in place of the layer's own.
            return_weights: Whether to return `(output, weights)`, with the weights after dropout,
                `[batch..., heads, length, keys]`.

        Returns:
            Shape `[batch..., length, out_features]`. Where the mask hides all keys, the values of
            all keys are averaged.
        """
        cross = key is not None
        recalls = self.cross and key is None and has_cache(self)
        if self.cross and key is None and not recalls:
            raise ValueError(
                f"{describe_place(self)} attends over a memory: pass it as `key`, in the first "
                "call at least. After `jm.nn.init_cache(model, batch_size, max_length, "
                "memory_length=...)` the later ones can do without."
            )
        key = query if key is None else key
        value = key if value is None else value
        given = key, value, padding_mask
        self._check_inputs(query, key, value, cross)
        if self.initializing() and "query" not in vars(self):
            with outside_compact():  # a compact method around would take them for its own
                self._make_layers(query.shape[-1])
        self._check_masks(query, key, mask, padding_mask)
        if recalls:
            k, v, padding_mask = recall_memory(self, padding_mask)
            query = without_unattended(query, None if mask is None else attending_queries(mask))
        else:
            query, key, value = self._without_padding(query, key, value, mask, padding_mask, cross)
            k = v = None
        q = self._heads(self.query(query), self.num_heads)
        if k is None or v is None:
            k = self._heads(self.key(key), self.num_kv_heads)
            v = self._heads(self.value(value), self.num_kv_heads)
        if self.query_norm is not None and self.key_norm is not None:
            q, k = self.query_norm(q), k if recalls else self.key_norm(k)
        length, before = q.shape[-3], positions_before(self)
        if self.rope is not None:
            query_positions = expand_positions(before if positions is None else positions, length)
            q = self.rope(q, query_positions)
            if not recalls:
                k = self.rope(k, expand_positions(None, k.shape[-3]) if cross else query_positions)
        if has_cache(self) and not recalls:
            if self.cross:
                k, v, padding_mask = keep_memory(self, given, k, v, padding_mask)
            else:
                k, v, padding_mask = append(self, k, v, padding_mask, cross)
        keep = self._mask(q, k, mask, padding_mask, before)
        dropout_key = self._key(rng)
        if dropout_key is None and not return_weights:
            output, weights = run_sharded(attend, q, k, v, keep, like=q), None
        else:
            drop = partial(attend_and_drop, rate=self.dropout_rate)
            output, weights = run_sharded(drop, q, k, v, keep, dropout_key, like=q)
        if self.causal and has_cache(self):
            output = nan_beyond_cache(output, self.cache_index, capacity_of(self))
        output = laid_out(self, output, None, "heads", None)
        output = self.out(output.reshape(*output.shape[:-2], math.prod(output.shape[-2:])))
        output = laid_out(self, output, "length", "features")
        return (output, weights) if return_weights else output

    # -- parts -----------------------------------------------------------------------------------

    def _make_layers(self, features: int) -> None:
        head_dim = self.head_dim
        if head_dim is None:
            if features % self.num_heads:
                raise ValueError(
                    f"{describe_place(self)} divides the features of its input among "
                    f"{self.num_heads} heads; got {features}. Pass `head_dim=`."
                )
            head_dim = features // self.num_heads

        biases = self.use_bias

        def linear(name: str, size: int) -> Linear:
            return Linear(
                size,
                use_bias=biases if isinstance(biases, bool) else name in biases,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                precision=self.precision,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
            )

        self.query = linear("query", self.num_heads * head_dim)
        self.key = linear("key", self.num_kv_heads * head_dim)
        self.value = linear("value", self.num_kv_heads * head_dim)
        self.out = linear("out", features if self.out_features is None else self.out_features)
        self.query_norm = self.key_norm = None
        if self.normalize_qk:
            self.query_norm = RMSNorm(dtype=self.dtype, param_dtype=self.param_dtype)
            self.key_norm = RMSNorm(dtype=self.dtype, param_dtype=self.param_dtype)

    def _check_masks(self, query: Any, key: Any, mask: Any, padding_mask: Any) -> None:
        check_masks(self, mask=mask, padding_mask=padding_mask)
        batch, keys = key.shape[:-2], key.shape[-2]
        if self.cross and self.cached_key is not None and has_cache(self):
            keys = capacity_of(self)
        if padding_mask is not None and jnp.shape(padding_mask) != (*batch, keys):
            new = " for the new positions" if self.causal and self.cached_key is not None else ""
            raise ValueError(
                f"{describe_place(self)} needs a `padding_mask` [batch..., keys]{new}, "
                f"{(*batch, keys)}; got shape {jnp.shape(padding_mask)}."
            )
        if mask is None:
            return
        if self.cached_key is not None and has_cache(self):
            keys = capacity_of(self)
        full = (*batch, self.num_heads, query.shape[-2], keys)
        try:
            fits = jnp.broadcast_shapes(jnp.shape(mask), full) == full
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{describe_place(self)} needs a `mask` that broadcasts to "
                f"[batch..., heads, length, keys], {full}; got shape {jnp.shape(mask)}."
            )

    def without_padding(self, x: jax.Array, *, mask: Any, padding_mask: Any) -> jax.Array:
        """A sequence that attends over itself, with zeros for NaN and infinity in its padding.

        Args:
            x: Shape `[batch..., length, features]`.
            mask: As in a call; a position that no query sees is padding.
            padding_mask: As in a call.
        """
        self._check_inputs(x, x, x, False)
        self._check_masks(x, x, mask, padding_mask)
        return self._without_padding(x, x, x, mask, padding_mask, False)[1]

    def _without_padding(
        self, query: Any, key: Any, value: Any, mask: Any, padding_mask: Any, cross: bool
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The inputs without NaN at positions that nothing attends to."""
        seen = seeing = None
        if mask is not None and (self.cross or self.cache_index is None):  # else of cached keys
            seen, seeing = attended_keys(mask), attending_queries(mask)
        new_key = without_unattended(key, seen, padding_mask)
        new_value = new_key if value is key else without_unattended(value, seen, padding_mask)
        if cross:
            return without_unattended(query, seeing), new_key, new_value
        return without_unattended(new_key, seeing), new_key, new_value

    def _heads(self, x: jax.Array, heads: int) -> jax.Array:
        x = x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)
        return laid_out(self, x, None, "heads", None)

    def _check_inputs(self, query: Any, key: Any, value: Any, cross: bool) -> None:
        shapes = [jnp.shape(x) for x in (query, key, value)]
        if (
            any(len(shape) < 2 for shape in shapes)
            or len({shape[:-2] for shape in shapes}) > 1
            or shapes[1][:-1] != shapes[2][:-1]
        ):
            raise ValueError(
                f"{describe_place(self)} expects queries `[batch..., length, features]`, keys and "
                f"values `[batch..., keys, features]`; got the shapes {shapes}."
            )
        if self.causal and cross and shapes[0][-2] != shapes[1][-2]:
            raise ValueError(
                f"{describe_place(self)} is causal, so it needs as many queries as keys; got the "
                f"shapes {shapes}. Attend over other sequences with `causal=False`."
            )

    def _mask(
        self,
        q: jax.Array,
        k: jax.Array,
        mask: jax.Array | None,
        padding_mask: jax.Array | None,
        before: Any,
    ) -> jax.Array | None:
        """Where queries may attend, `[batch..., heads or 1, length, keys]`; None: everywhere."""
        *batch, length = q.shape[:-2]
        keys = k.shape[-3]
        masks = []
        if mask is not None:
            mask = jnp.asarray(mask, bool)
            masks.append(mask.reshape((1,) * (len(batch) + 3 - mask.ndim) + mask.shape))
        if padding_mask is not None:
            masks.append(jnp.asarray(padding_mask, bool)[..., None, None, :])
        if self.causal:
            query_positions = before + jnp.arange(length)
            causal = jnp.arange(keys) <= query_positions[:, None]
            masks.append(causal.reshape((1,) * len(batch) + (1, length, keys)))
        keep = None
        for part in masks:
            keep = part if keep is None else keep & part
        return keep

    def make_cache(
        self, batch_size: int | Sequence[int], max_length: int, dtype: Any = None
    ) -> None:
        """Starts an empty cache, in place; see `init_cache`.

        Args:
            batch_size: The batch axis, or axes.
            max_length: How many positions it holds.
            dtype: Dtype of the cached keys and values; None: the layer's computation dtype.

        Raises:
            RuntimeError: If the layer was not initialized.
            TypeError: If the dtype is not one of floats.
            ValueError: If the layer is neither causal nor attends over a memory.
        """
        start_cache(self, batch_size, max_length, dtype)


def _named_biases(owner: str, use_bias: bool | Sequence[str]) -> bool | tuple[str, ...]:
    """The argument `use_bias`, checked, as one that can be compared."""
    if isinstance(use_bias, bool):
        return use_bias
    names = ("query", "key", "value", "out")
    if unknown := [name for name in use_bias if name not in names]:
        raise ValueError(
            f"{owner} has the layers {', '.join(map(repr, names))}; `use_bias` names "
            f"{unknown[0]!r}."
        )
    return tuple(use_bias)
