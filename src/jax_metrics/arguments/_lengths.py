"""The lengths of padded sequences."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.arguments._inputs import as_array
from jax_metrics.arguments._integers import widened


def check_lengths(name: str, lengths: Any, padded: jax.Array) -> tuple[jax.Array, jax.Array | None]:
    """The lengths of sequences, and marks of those that are outside of 0 to the padded length.

    Args:
        name: The name of the argument.
        lengths: Integers `[n]`; None if no sequence is padded.
        padded: The sequences, `[n, positions, ...]`.

    Returns:
        The lengths, and booleans `[n]`, which are None if they are known, outside of `jit`, to be
        false.

    Raises:
        ValueError: If they are not integers `[n]`; or, outside of `jit`, if one is outside.
        OverflowError: If JAX would truncate them.
    """
    rows, positions = padded.shape[:2]
    if lengths is None:
        return jnp.full(rows, positions, jnp.int32), None
    lengths = widened(as_array(name, lengths))
    if lengths.shape != (rows,) or not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise ValueError(
            f"{name} must be integers [{rows}], one for each sequence, but is "
            f"{lengths.dtype}{list(lengths.shape)}."
        )
    outside = (lengths < 0) | (lengths > positions)
    if isinstance(outside, Tracer):
        return lengths, outside
    if bool(outside.any()):
        row = int(jnp.argmax(outside))
        raise ValueError(
            f"{name} must be from 0 to {positions}, the number of positions of each sequence, but "
            f"is {int(lengths[row])} in row {row}. Lengths count valid positions, before padding."
        )
    return lengths, None
