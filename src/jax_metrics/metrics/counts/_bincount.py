"""`bincount`: the sum of weights for each integer."""

import jax
import jax.numpy as jnp

from jax_metrics.arguments import names_arguments

_CHUNK = 2**14  # values per partial sum


@names_arguments
def bincount(numbers: jax.Array, weight: jax.Array, length: int) -> jax.Array:
    """The sum of the weights for each integer from 0 to `length - 1`.

    Integer weights give integers, exactly. Floats are summed in chunks: adding ten million weights
    one by one to a float32 gives a relative error of a thousandth.

    Args:
        numbers: Integers of any shape; those outside the range are ignored.
        weight: Weights of the same shape.
        length: The length of the result.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax_metrics.metrics import bincount
        >>> bincount(jnp.array([0, 2, 2]), jnp.array([1, 1, 1]), 3)
        Array([1, 0, 2], dtype=int32)
    """
    numbers, weight = numbers.reshape(-1), weight.reshape(-1)
    numbers = jnp.where((numbers >= 0) & (numbers < length), numbers, length)
    chunks = -(-numbers.size // max(_CHUNK, length))
    if jnp.issubdtype(weight.dtype, jnp.integer) or chunks <= 1:
        return jnp.zeros(length, weight.dtype).at[numbers].add(weight, mode="drop")
    chunk = jnp.arange(numbers.size) // max(_CHUNK, length)
    counts = jnp.zeros((chunks, length), weight.dtype)
    return counts.at[chunk, numbers].add(weight, mode="drop").sum(0)
