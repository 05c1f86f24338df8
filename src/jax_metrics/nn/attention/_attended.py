"""Which positions an attention mask leaves out altogether: those are padding."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.nn._padding import without_padding


def attended_keys(mask: Any) -> jax.Array:
    """Whether a key is seen by any query of any head, `[batch..., keys]`.

    Args:
        mask: Shape `[batch..., heads, queries, keys]`, or one that broadcasts to it.
    """
    mask = jnp.asarray(mask, bool)
    return mask.any(tuple(range(-min(mask.ndim, 3), -1)))


def attending_queries(mask: Any) -> jax.Array:
    """Whether a query sees any key in any head, `[batch..., queries]`.

    Args:
        mask: See `attended_keys`.
    """
    mask = jnp.asarray(mask, bool)
    if mask.ndim < 2:
        return mask.any(keepdims=True)
    return mask.any((-3, -1) if mask.ndim > 2 else -1)


def without_unattended(x: jax.Array, *valid: Any) -> jax.Array:
    """The sequence, with zeros for non-finite values at positions that are not valid.

    Args:
        x: Shape `[batch..., length, features]`.
        *valid: Masks of the valid positions, in shapes that broadcast to `[batch..., length]`;
            None: all.
    """
    for part in valid:
        if part is not None:
            x = without_padding(x, jnp.asarray(part, bool)[..., None])
    return x
