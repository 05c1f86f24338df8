"""The lengths of padded sequences."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.module import describe_place


def one_of_lengths(layer: Any, lengths: Any, seq_lengths: Any) -> Any:
    """The lengths, under either name.

    Args:
        layer: The layer, for the error.
        lengths: The argument `lengths`.
        seq_lengths: The argument of Flax's name.

    Raises:
        ValueError: If both are given.
    """
    if lengths is not None and seq_lengths is not None:
        raise ValueError(
            f"{describe_place(layer)} got `lengths` and `seq_lengths`, two names of the "
            "same argument. Pass `lengths` only."
        )
    return seq_lengths if lengths is None else lengths


def check_lengths(layer: Any, lengths: Any, steps: int) -> None:
    """Raises if a length is not from 0 to the number of steps; traced ones pass.

    Args:
        layer: The layer, for the error.
        lengths: Integers.
        steps: Size of the time axis.

    Raises:
        TypeError: If lengths are not integers, also traced ones.
        ValueError: If a length is not in that range.
    """
    dtype = jnp.result_type(lengths)
    if not jnp.issubdtype(dtype, jnp.integer):
        raise TypeError(
            f"{describe_place(layer)} expects `lengths` that are integers, but they are {dtype}. "
            "Write `lengths.astype(int)`; of a mask, `mask.sum(-1)`."
        )
    if isinstance(lengths, Tracer):
        return
    values = np.asarray(lengths)
    if ((values < 0) | (values > steps)).any():
        raise ValueError(
            f"{describe_place(layer)} expects `lengths` from 0 to {steps}, the size of the time "
            f"axis of its inputs; got {values.tolist()}."
        )


def valid_steps(lengths: jax.Array, steps: int, axis: int) -> jax.Array:
    """A mask of the steps that are not padding.

    Args:
        lengths: Number of steps of each sequence, `[batch...]`.
        steps: Size of the time axis.
        axis: Position of the time axis in the mask.
    """
    lengths = jnp.expand_dims(lengths, axis)
    numbers = jnp.arange(steps).reshape((-1,) + (1,) * (lengths.ndim - 1 - axis))
    return numbers < lengths
