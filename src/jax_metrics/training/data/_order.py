"""The order of examples in an epoch: a function of a seed and the epoch's number."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.tree import as_whole


def seed_of(shuffle: Any) -> tuple[int, ...]:
    """The numbers below 2**32 that determine the order: of a key or an integer; () for None.

    Raises:
        TypeError: If it is neither.
    """
    if shuffle is None:
        return ()
    if (seed := as_whole(shuffle)) is not None:
        if seed < 0:
            raise ValueError(f"`shuffle` expected a seed of at least 0; got {seed}.")
        words = range(0, max(seed.bit_length(), 1), 32)
        return tuple(seed >> shift & 0xFFFFFFFF for shift in words)  # as NumPy splits it
    if isinstance(shuffle, jax.Array | np.ndarray):
        typed = jnp.issubdtype(shuffle.dtype, jax.dtypes.prng_key)
        data = np.asarray(jax.random.key_data(shuffle) if typed else shuffle)
        if data.ndim == 1 and data.dtype == np.uint32:
            return tuple(int(word) for word in data)
    raise TypeError(
        "`shuffle` expected a random key or an integer, from which the order of each epoch "
        f"follows, as in `shuffle=jax.random.key(0)`; got {shuffle!r}."
    )


def order_of_epoch(seed: Sequence[int], epoch: int, length: int) -> np.ndarray:
    """The indices of the examples in the order of an epoch; as they are, without a seed.

    NumPy guarantees that this generator stays the same in all versions, so that a run which is
    resumed later sees the same order.
    """
    if not seed:
        return np.arange(length)
    bits = np.random.MT19937(np.random.SeedSequence([*seed, epoch]))
    return np.random.RandomState(bits).permutation(length)
