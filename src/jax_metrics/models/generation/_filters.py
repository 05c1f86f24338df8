"""Changes to logits before a token is drawn from them."""

from typing import Any

import jax
import jax.numpy as jnp


def keep_top_k(logits: jax.Array, k: int) -> jax.Array:
    """Keeps the `k` largest logits, and any equal to the smallest of these (Fan et al., 2018).

    Args:
        logits: Shape `[..., vocabulary]`.
        k: How many, a Python integer; all are kept if there are fewer.

    Returns:
        The logits, with minus infinity for the others.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.models.generation.keep_top_k(jnp.array([1.0, 3.0, 2.0]), 2).tolist()
        [-inf, 3.0, 2.0]
    """
    least = jax.lax.top_k(logits, min(k, logits.shape[-1]))[0][..., -1:]
    return jnp.where(logits < least, -jnp.inf, logits)


def keep_top_p(logits: jax.Array, p: Any) -> jax.Array:
    """Keeps the fewest tokens whose probabilities add up to `p` (Holtzman et al., 2020).

    Args:
        logits: Shape `[..., vocabulary]`.
        p: The probability, from 0 to 1. With 0, only the most probable token is kept.

    Returns:
        The logits, with minus infinity for the others. Equally probable tokens are either all kept
        or all removed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> logits = jnp.log(jnp.array([0.3, 0.6, 0.1]))
        >>> jnp.exp(jm.models.generation.keep_top_p(logits, 0.8)).round(1).tolist()
        [0.30000001192092896, 0.6000000238418579, 0.0]
    """
    probabilities = jax.nn.softmax(logits.astype(jnp.float32), axis=-1)
    # Sorting is a hundred times slower than to find the bits of the least probability one by one:
    # floats that are not negative have the order of their bits.
    most = probabilities.max(-1, keepdims=True)

    def try_bit(i: jax.Array, bits: jax.Array) -> jax.Array:
        candidate = bits | (1 << (30 - i))
        least = jax.lax.bitcast_convert_type(candidate, jnp.float32)
        mass = jnp.where(probabilities >= least, probabilities, 0).sum(-1, keepdims=True)
        return jnp.where((mass >= p) & (least <= most), candidate, bits)

    bits = jax.lax.fori_loop(0, 31, try_bit, jnp.zeros_like(most, jnp.int32))
    least = jax.lax.bitcast_convert_type(bits, jnp.float32)
    return jnp.where(probabilities < least, -jnp.inf, logits)


def keep_min_p(logits: jax.Array, p: Any) -> jax.Array:
    """Keeps tokens at least `p` times as probable as the most probable one (Nguyen et al., 2024).

    Args:
        logits: Shape `[..., vocabulary]`.
        p: The factor, from 0 to 1.

    Returns:
        The logits, with minus infinity for the others.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> logits = jnp.array([0.0, -1.0, -3.0])
        >>> jm.models.generation.keep_min_p(logits, 0.1).tolist()
        [0.0, -1.0, -inf]
    """
    least = logits.max(-1, keepdims=True) + jnp.log(p)
    return jnp.where(logits < least, -jnp.inf, logits)


def penalize_repetition(logits: jax.Array, seen: jax.Array, penalty: Any) -> jax.Array:
    """Makes tokens that occurred before less probable (Keskar et al., 2019).

    Args:
        logits: Shape `[..., vocabulary]`.
        seen: Which tokens occurred, booleans of the same shape.
        penalty: Positive logits of these tokens are divided by it, negative logits multiplied; 1:
            unchanged.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> logits, seen = jnp.array([2.0, -2.0, 1.0]), jnp.array([True, True, False])
        >>> jm.models.generation.penalize_repetition(logits, seen, 2.0).tolist()
        [1.0, -4.0, 1.0]
    """
    return jnp.where(seen, jnp.where(logits < 0, logits * penalty, logits / penalty), logits)
