"""Thresholds from 0 to 1, and between which of them a number lies."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Thresholds = int | tuple[float, ...]


def checked_thresholds(thresholds: int | Sequence[float]) -> Thresholds:
    """The thresholds in a form that hashes.

    Raises:
        ValueError: If there are too few, or they do not rise from 0 to 1.
    """
    if isinstance(thresholds, int):
        if thresholds < 2:
            raise ValueError(f"thresholds must be at least 2 in number; got {thresholds}.")
        return thresholds
    values = np.asarray(thresholds, np.float64)
    if values.ndim != 1 or not values.size or not _rises(values):
        raise ValueError(
            "thresholds must be their number, or numbers from 0 to 1 in rising order; got "
            f"{thresholds!r}."
        )
    return tuple(values.tolist())


def _rises(values: np.ndarray) -> bool:
    return bool((np.diff(values) > 0).all() and values[0] >= 0 and values[-1] <= 1)


def table_of(thresholds: Thresholds, dtype: Any) -> np.ndarray:
    """The thresholds as floats, rising."""
    values = np.linspace(0, 1, thresholds) if isinstance(thresholds, int) else thresholds
    return np.asarray(values, dtype)


def bins_of(scores: jax.Array, thresholds: Thresholds) -> jax.Array:
    """How many thresholds each score reaches, as `score >= threshold` says of floats.

    The thresholds are in the dtype of the scores, or in float32 if that is less precise.
    """
    scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
    if not isinstance(thresholds, int):
        return jnp.searchsorted(table_of(thresholds, scores.dtype), scores, side="right")
    # Of evenly spaced thresholds the nearest one is computed. The others are half a step away or
    # more, too far for rounding to confuse them; one comparison says on which side the score is.
    last = thresholds - 1
    nearest = jnp.clip((scores * last + 0.5).astype(jnp.int32), 0, last)
    return nearest + (scores >= _threshold(nearest, thresholds, scores.dtype))


def _threshold(number: jax.Array, thresholds: int, dtype: Any) -> jax.Array:
    """The threshold of a number, rounded as `table_of` rounds it.

    Division would do, did compilers not multiply with the inverse instead. Of the inverse in two
    parts, the first is so short that its product is exact, and the second one so small that the
    error of its product is too: no threshold is near enough to the middle of two floats to be
    rounded to the wrong one, up to 2**11 thresholds. Looking them up takes twice as long.
    """
    last = thresholds - 1
    if dtype != jnp.float32 or thresholds > 2**11:
        table = jnp.asarray(table_of(thresholds, dtype))
        return table.at[number].get(mode="promise_in_bounds")
    inverse = np.array(1 / last, np.float32)
    long = inverse.view(np.int32) & -(1 << last.bit_length())
    first = long.astype(np.int32).view(np.float32)
    second = np.float32(1 / last - float(first))
    return number * first + number * second
