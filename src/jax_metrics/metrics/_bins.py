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
    """How many thresholds each score reaches, as `score >= threshold` says of floats."""
    table = jnp.asarray(table_of(thresholds, scores.dtype))
    if not isinstance(thresholds, int):
        return jnp.searchsorted(table, scores, side="right")
    # Of evenly spaced thresholds the nearest one is computed. The others are half a step away or
    # more, too far for rounding to confuse them; one comparison says on which side the score is.
    last = thresholds - 1
    nearest = jnp.clip((scores * last + 0.5).astype(jnp.int32), 0, last)
    return nearest + (scores >= table.at[nearest].get(mode="promise_in_bounds"))
