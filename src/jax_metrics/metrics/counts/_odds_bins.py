"""Bins of probabilities that are as fine near 0 and 1 as their odds require.

From 1/64 to 63/64 they are 1/256 wide. Beyond, each factor of two of the smaller of `p` and `1 - p`
has four bins, down to 2**-96, which is a logit of 66. The bins do not depend on the data, so counts
in them can be merged.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_STEPS = 256  # bins of the same width, if they covered the range from 0 to 1
_FIRST_STEP = 4  # the first bin that is used, at 1/64
_SHIFT = 21  # leaves the exponent and two bits of the mantissa of a float32: four bins
_LEAST_EXPONENT, _LAST_EXPONENT = -96, -6
_OCTAVES = 4 * (_LAST_EXPONENT - _LEAST_EXPONENT)
_MIDDLE = 1 + _OCTAVES + _STEPS // 2 - _FIRST_STEP  # the bin of 1/2
_SMALLEST = 2.0**-100

NUMBER_OF_ODDS_THRESHOLDS = 2 * _MIDDLE


def folded(smaller: jax.Array, is_above: jax.Array) -> jax.Array:
    """Probabilities in a form that distinguishes those close to 1: `p`, or `p - 1` above 1/2.

    Args:
        smaller: The smaller of `p` and `1 - p`.
        is_above: Whether it is `1 - p`.
    """
    smaller = jnp.maximum(smaller, _SMALLEST)  # a number with a sign
    return jnp.where(is_above, -smaller, smaller)


def odds_bin_indices(scores: jax.Array) -> jax.Array:
    """The index of the bin of each folded probability: the number of thresholds it reaches."""
    scores = scores.astype(jnp.float32)
    smaller = abs(scores)
    bits = jax.lax.bitcast_convert_type(smaller, jnp.int32)
    octave = jnp.maximum((bits >> _SHIFT) - _position(_LEAST_EXPONENT) + 1, 0)
    step = (smaller * _STEPS).astype(jnp.int32) - _FIRST_STEP
    index = jnp.where(step < 0, octave, 1 + _OCTAVES + step)
    return jnp.where(scores < 0, 2 * _MIDDLE - index, index)


@functools.cache
def odds_thresholds(dtype: Any) -> np.ndarray:
    """The least probability of each bin but the first, in increasing order."""
    octaves = [
        (1 + part / 4) * 2.0**exponent
        for exponent in range(_LEAST_EXPONENT, _LAST_EXPONENT)
        for part in range(4)
    ]
    steps = np.arange(_FIRST_STEP, _STEPS // 2 + 1) / _STEPS
    below = np.concatenate([octaves, steps])
    # Above 1/2 a bin begins after `1 - p` has reached the bound.
    bounds = 1 - below[::-1]
    nearest = bounds.astype(np.float32)
    following = np.nextafter(nearest, np.float32(2))
    above = np.minimum(np.where(nearest > bounds, nearest, following), 1)
    return np.concatenate([below, above]).astype(dtype)


def _position(exponent: int) -> int:
    """The position of a power of two in the order of bins."""
    return int(np.float32(2.0**exponent).view(np.int32)) >> _SHIFT
