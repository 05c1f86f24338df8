"""Pooling: one vector for a sequence of hidden states."""

import jax
import jax.numpy as jnp

from jax_metrics.nn import check_mask

POOLINGS = ("mean", "cls", "max")


def pool_tokens(
    hidden: jax.Array, how: str = "mean", *, padding_mask: jax.Array | None = None
) -> jax.Array:
    """Reduces the hidden states of a sequence to one vector, ignoring padding.

    Args:
        hidden: Shape `[batch..., length, width]`.
        how: `"mean"`; `"max"`, of each feature; or `"cls"`, the state of the first token.
        padding_mask: True at tokens, False at padding, `[batch..., length]`; None: no padding.

    Returns:
        Shape `[batch..., width]`. Zeros for a sequence that is all padding.

    Raises:
        TypeError: If the mask is not boolean.
        ValueError: If `how` is none of these.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> hidden = jnp.array([[[1.0, 4.0], [3.0, 2.0], [9.0, 9.0]]])
        >>> keep = jnp.array([[True, True, False]])
        >>> jm.models.pool_tokens(hidden, "mean", padding_mask=keep).tolist()
        [[2.0, 3.0]]
        >>> jm.models.pool_tokens(hidden, "max", padding_mask=keep).tolist()
        [[3.0, 4.0]]
    """
    check_pooling(how)
    check_mask("pool_tokens", "padding_mask", padding_mask)
    if padding_mask is None:
        padding_mask = jnp.ones(hidden.shape[:-1], bool)
    keep = jnp.asarray(padding_mask, bool)[..., None]
    hidden = jnp.where(keep, hidden, 0)
    if how == "mean":
        wide = jnp.promote_types(hidden.dtype, jnp.float32)
        number = jnp.maximum(keep.sum(-2, dtype=wide), 1)
        return (hidden.sum(-2, dtype=wide) / number).astype(hidden.dtype)
    if how == "max":
        largest = jnp.where(keep, hidden, -jnp.inf).max(-2)
        return jnp.where(keep.any(-2), largest, 0)
    first = jnp.argmax(keep, axis=-2, keepdims=True)
    return jnp.take_along_axis(hidden, first, axis=-2)[..., 0, :]


def check_pooling(how: str | None) -> str | None:
    """Returns the name of a pooling, or None.

    Args:
        how: The name.

    Raises:
        ValueError: If there is no such pooling.
    """
    if how is not None and how not in POOLINGS:
        raise ValueError(
            f"The pooling is one of {', '.join(map(repr, POOLINGS))}, or None; got {how!r}."
        )
    return how
