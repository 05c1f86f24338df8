"""`log_softmax`: logarithms of probabilities, including those close to 1."""

import jax
import jax.numpy as jnp


def log_softmax(logits: jax.Array) -> jax.Array:
    """The logarithms of the softmax over the last axis.

    `jax.nn.log_softmax` subtracts `log(1 + rest)`, and 1 absorbs a small rest: at logits 16 and 0
    the logarithm of the larger probability has no digit left. A single infinite logit has the
    probability 1.

    Args:
        logits: Floats, `[..., classes]`.
    """
    shifted, log_rest = shifted_logits(logits)
    return shifted - log_rest[..., None]


def shifted_logits(logits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The logits minus the largest one, `[..., classes]`, and the logarithm of their sum of powers.

    Their difference is the logarithm of the softmax.
    """
    largest = jnp.max(logits, axis=-1, keepdims=True)
    is_largest = logits == largest
    shifted = jnp.where(is_largest & jnp.isposinf(largest), 0, logits - largest)
    # Equal logits would be a rest of 1 each; the first of them is not a part of the rest.
    equal = jnp.sum(is_largest, axis=-1) - 1
    rest = jnp.sum(jnp.where(is_largest, 0, jnp.exp(shifted)), axis=-1)
    return shifted, jnp.log1p(rest + equal.astype(rest.dtype))
