"""Thresholds from 0 to 1, and the bins between them."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics.counts._odds_bins import (
    NUMBER_OF_ODDS_THRESHOLDS,
    odds_bin_indices,
    odds_thresholds,
)

Thresholds = int | tuple[float, ...] | None


def checked_thresholds(thresholds: int | Sequence[float] | None) -> Thresholds:
    """The thresholds in a hashable form; None means thresholds that follow the odds.

    Raises:
        ValueError: If there are too few, or they are not increasing numbers from 0 to 1.
    """
    if thresholds is None:
        return None
    if isinstance(thresholds, int):
        if thresholds < 2:
            raise ValueError(f"The number of thresholds must be at least 2; got {thresholds}.")
        return thresholds
    values = np.asarray(thresholds, np.float64)
    if values.ndim != 1 or not values.size or not _is_increasing(values):
        raise ValueError(
            "thresholds must be their number, or increasing numbers from 0 to 1; got "
            f"{thresholds!r}."
        )
    return tuple(values.tolist())


def number_of_thresholds(thresholds: Thresholds) -> int:
    """The number of thresholds."""
    if thresholds is None:
        return NUMBER_OF_ODDS_THRESHOLDS
    return thresholds if isinstance(thresholds, int) else len(thresholds)


def _is_increasing(values: np.ndarray) -> bool:
    return bool((np.diff(values) > 0).all() and values[0] >= 0 and values[-1] <= 1)


def threshold_table(thresholds: Thresholds, dtype: Any) -> np.ndarray:
    """The thresholds as floats, in increasing order."""
    if thresholds is None:
        return odds_thresholds(jnp.dtype(dtype))
    values = np.linspace(0, 1, thresholds) if isinstance(thresholds, int) else thresholds
    return np.asarray(values, dtype)


def bin_indices(scores: jax.Array, thresholds: Thresholds) -> jax.Array:
    """The index of each score's bin: the number of thresholds with `score >= threshold`.

    Thresholds are compared in the dtype of the scores, at least float32.

    Args:
        scores: Probabilities; `folded` ones for thresholds that follow the odds.
        thresholds: The thresholds, or their number.
    """
    if thresholds is None:
        return odds_bin_indices(scores)
    scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
    if not isinstance(thresholds, int):
        return jnp.searchsorted(threshold_table(thresholds, scores.dtype), scores, side="right")
    # Evenly spaced thresholds: compute the index of the nearest one. All others are at least half a
    # step away, farther than any rounding error, so one comparison with the nearest suffices.
    last = thresholds - 1
    nearest = jnp.clip((scores * last + 0.5).astype(jnp.int32), 0, last)
    return nearest + (scores >= _threshold(nearest, thresholds, scores.dtype))


def _threshold(index: jax.Array, thresholds: int, dtype: Any) -> jax.Array:
    """The threshold at an index, rounded as in `threshold_table`.

    `index / last` would do if compilers did not replace it by a product with the inverse. Here the
    inverse is split in two: the product with the short first part is exact, and the second part is
    so small that the rounding error of its product never reaches the last bit of the sum, up to
    2**11 thresholds. A table lookup would take twice as long.
    """
    last = thresholds - 1
    if dtype != jnp.float32 or thresholds > 2**11:
        table = jnp.asarray(threshold_table(thresholds, dtype))
        return table.at[index].get(mode="promise_in_bounds")
    inverse = np.array(1 / last, np.float32)
    short_bits = inverse.view(np.int32) & -(1 << last.bit_length())
    first = short_bits.astype(np.int32).view(np.float32)
    second = np.float32(1 / last - float(first))
    return index * first + index * second
