"""Attention masks: the functions of Flax, with boolean results."""

from collections.abc import Callable
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp

from jax_metrics.nn._padding import check_mask


def make_attention_mask(
    query_input: jax.Array,
    key_input: jax.Array,
    pairwise_fn: Callable[..., Any] = jnp.multiply,
    extra_batch_dims: int = 0,
    dtype: Any = bool,
) -> jax.Array:
    """Which queries may attend to which keys, like `flax.linen.make_attention_mask`.

    Args:
        query_input: Shape `[batch..., queries]`, such as whether each query is valid.
        key_input: Shape `[batch..., keys]`.
        pairwise_fn: Maps a query's and a key's value to whether the query may attend to the key.
        extra_batch_dims: How many axes of size 1 to add in front.
        dtype: Dtype of the mask; layers expect booleans.

    Returns:
        Shape `[batch..., 1, queries, keys]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> valid = jnp.array([[True, True, False]])
        >>> jm.nn.make_attention_mask(valid, valid)[0, 0, 0].tolist()
        [True, True, False]
    """
    return linen.make_attention_mask(query_input, key_input, pairwise_fn, extra_batch_dims, dtype)


def make_causal_mask(x: jax.Array, extra_batch_dims: int = 0, dtype: Any = bool) -> jax.Array:
    """Each position attends to itself and earlier positions, like `flax.linen.make_causal_mask`.

    Args:
        x: Any array of shape `[batch..., length]`.
        extra_batch_dims: How many axes of size 1 to add in front.
        dtype: Dtype of the mask; layers expect booleans.

    Returns:
        Shape `[batch..., 1, length, length]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.make_causal_mask(jnp.ones((1, 2)))[0, 0].tolist()
        [[True, False], [True, True]]
    """
    return linen.make_causal_mask(x, extra_batch_dims, dtype)


def combine_masks(*masks: jax.Array | None, dtype: Any = bool) -> jax.Array | None:
    """True where all masks are true, like `flax.linen.combine_masks`; None if there are no masks.

    Args:
        *masks: Masks of equal rank; None: no mask.
        dtype: Dtype of the mask; layers expect booleans.

    Raises:
        TypeError: If one is not boolean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.combine_masks(jnp.array([True, True]), None, jnp.array([True, False])).tolist()
        [True, False]
    """
    for number, mask in enumerate(masks):
        check_mask("combine_masks", f"masks[{number}]", mask)
    return linen.combine_masks(*masks, dtype=dtype)
