"""Starting and removing the caches that make decoding fast."""

from collections.abc import Sequence
from typing import Any, TypeVar

from jax_metrics.nn.attention._grouped_query_attention import GroupedQueryAttention
from jax_metrics.tree import apply

M = TypeVar("M")


def init_cache(
    model: M, batch_size: int | Sequence[int], max_length: int, *, dtype: Any = None
) -> M:
    """Returns the model with an empty cache in every causal `GroupedQueryAttention`.

    From then on each call adds its keys and values to the cache and attends over all that came
    before: give it a prompt of any length first, and then what follows, one token or more at a
    time. The cache is of the kind `Cache`; under `jit`, return the model. A call beyond
    `max_length` is an error, or, under `jit`, gives NaN.

    Args:
        model: An initialized model.
        batch_size: The batch axis, or axes, of the inputs; `()` for none.
        max_length: How many positions the cache holds.
        dtype: Of the keys and values; None: what each layer computes in.

    Raises:
        ValueError: If there is no such layer, or a size is below one.
        RuntimeError: If one was not initialized.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((1, 6, 8))
        >>> layer = jm.nn.GroupedQueryAttention(2, causal=True).init(0, x)
        >>> decoding = jm.nn.init_cache(layer, batch_size=1, max_length=6)
        >>> parts = [decoding(x[:, :4]), decoding(x[:, 4:5]), decoding(x[:, 5:])]
        >>> bool(jnp.allclose(jnp.concatenate(parts, axis=1), layer(x), atol=1e-6))
        True
    """
    if max_length < 1:
        raise ValueError(f"`max_length` must be at least 1; got {max_length}.")
    found = []

    def start(tree: Any) -> None:
        if isinstance(tree, GroupedQueryAttention) and tree.causal:
            tree.make_cache(batch_size, max_length, dtype)
            found.append(tree)

    model = apply(start, model)
    if not found:
        raise ValueError(
            f"There is nothing to give a cache to in this {type(model).__name__}: it has no "
            "GroupedQueryAttention with `causal=True`."
        )
    return model


def remove_cache(model: M) -> M:
    """Returns the model without the caches that `init_cache` made.

    Args:
        model: Any model.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.GroupedQueryAttention(2, causal=True).init(0, jnp.ones((1, 6, 8)))
        >>> decoding = jm.nn.init_cache(layer, batch_size=1, max_length=6)
        >>> jax.tree.leaves(jm.nn.remove_cache(decoding).caches())
        []
    """

    def remove(tree: Any) -> None:
        if isinstance(tree, GroupedQueryAttention):
            tree.cached_key = tree.cached_value = tree.cached_mask = tree.cache_index = None

    return apply(remove, model)
