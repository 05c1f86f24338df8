"""Starting and removing the caches that make decoding fast."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import jax

from jax_metrics.nn.attention._grouped_query_attention import GroupedQueryAttention
from jax_metrics.nn.transforms import Stack
from jax_metrics.tree import as_whole, copy, make_mutable, trees_with_paths

M = TypeVar("M")


def init_cache(
    model: M,
    batch_size: int | Sequence[int],
    max_length: int,
    *,
    memory_length: int | None = None,
    dtype: Any = None,
) -> M:
    """Returns the model with an empty cache in every causal `GroupedQueryAttention`.

    From then on each call appends its keys and values to the cache and attends over all earlier
    positions: pass a prompt of any length first, and then one token or more at a time. The cache is
    of the kind `Cache`; under `jit`, return the model. A call beyond `max_length` is an error, or,
    under `jit`, returns NaN. One call of the outermost module is one step, in which each layer may
    be called once: twice would mix the keys of both uses, and is an error.

    Args:
        model: An initialized model.
        batch_size: The batch axis, or axes, of the inputs; `()` for none.
        max_length: The number of positions in the cache.
        memory_length: The number of positions of the memory, which is the output of an encoder.
            Then each layer that attends to it also caches its keys and values, and only the first
            call needs to pass it; a second memory for a layer in one step is an error. None: they
            are computed in each call.
        dtype: Dtype of the cached keys and values; None: the layer's computation dtype.

    Raises:
        ValueError: If there is no such layer, a length is below one or a batch below zero, or the
            model has a memory of another batch.
        RuntimeError: If one was not initialized.
        TypeError: If a size is not an integer, or the dtype is not one of floats.

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
    max_length = _read_size("max_length", max_length)
    if memory_length is not None:
        memory_length = _read_size("memory_length", memory_length)
    axes = batch_size if isinstance(batch_size, Sequence) else (batch_size,)
    batch = tuple(_read_size("batch_size", axis, least=0) for axis in axes)
    found = set()

    def start(layer: GroupedQueryAttention) -> None:
        if layer.causal:
            layer.make_cache(batch, max_length, dtype)
            found.add("causal")
        elif layer.cross and memory_length is not None:
            layer.make_cache(batch, memory_length, dtype)
            found.add("cross")
        elif layer.cached_key is not None:
            _check_memory(batch, layer.cached_key.shape[:-3])

    model = _with_each_attention(start, model)
    wanted = ["causal"] if memory_length is None else ["causal", "cross"]
    for kind in wanted:
        if kind not in found:
            raise ValueError(
                f"No layer for a cache in this {type(model).__name__}: it has no "
                f"GroupedQueryAttention with `{kind}=True`."
            )
    return model


def _read_size(name: str, value: Any, least: int = 1) -> int:
    size = as_whole(value)
    if size is None:
        raise TypeError(f"`{name}` needs an integer; got {value!r}.")
    if size < least:
        raise ValueError(f"`{name}` must be at least {least}; got {size}.")
    return size


def _check_memory(batch: tuple[int, ...], memory: tuple[int, ...]) -> None:
    """Raises if there is not one memory, such as an encoded sound, for each sequence of tokens."""
    alone = memory == () and batch == (1,)
    if memory != batch and not alone:
        raise ValueError(
            f"The model has a memory of batch {memory}, such as encoded sounds; the sequences of "
            f"tokens have batch {batch}. Give one sequence for each, or encode one input for each: "
            "`jnp.repeat(features, n, axis=0)`."
        )


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

    def remove(layer: GroupedQueryAttention) -> None:
        layer.cached_key = layer.cached_value = layer.cached_mask = layer.cache_index = None

    return _with_each_attention(remove, model)


def cached_length(model: Any) -> jax.Array | int:
    """The number of positions in the caches of a model; 0 without any.

    The position embedding of a decoding model needs it, to continue counting from there.

    Args:
        model: Any model.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.ones((1, 6, 8))
        >>> layer = jm.nn.GroupedQueryAttention(2, causal=True).init(0, x)
        >>> decoding = jm.nn.init_cache(layer, batch_size=1, max_length=6)
        >>> _ = decoding(x[:, :4])
        >>> int(jm.nn.cached_length(decoding)), jm.nn.cached_length(layer)
        (4, 0)
    """
    for _, tree in trees_with_paths(model):
        if not isinstance(tree, GroupedQueryAttention) or tree.cross:  # that is of a memory
            continue
        if tree.cache_index is not None:
            return tree.cache_index.reshape(-1)[0]  # that of a Stack has one for each layer
    return 0


def _with_each_attention(change: Callable[[GroupedQueryAttention], None], model: M) -> M:
    """A copy of the model with each attention layer changed; those of a `Stack` under `vmap`."""
    model = copy(model)
    stacked: set[int] = set()
    with make_mutable(model):
        for _, tree in list(trees_with_paths(model)):
            if id(tree) in stacked:
                continue
            if isinstance(tree, Stack):
                stacked |= {id(inside) for _, inside in trees_with_paths(tree)}
                tree.layer = tree.map_layers(partial(_with_each_attention, change)).layer
            elif isinstance(tree, GroupedQueryAttention):
                change(tree)
    return model
