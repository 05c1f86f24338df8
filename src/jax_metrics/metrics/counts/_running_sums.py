"""Running sums of the counts in bins, from the last bin to the first."""

import jax
import jax.numpy as jnp
import numpy as np

_BLOCK = 32


def running_sums(counts: jax.Array) -> jax.Array:
    """The sum of each bin and all after it, the last bin first.

    Sums of integer counts are exact below 2**24. Sums of weights are rounded about as often as the
    logarithm of the number of bins, not once for each bin.

    Args:
        counts: `[..., bins, kinds]`.

    Returns:
        `[..., bins, kinds]`.
    """
    return jax.lax.platform_dependent(counts, cpu=_by_blocks, default=_by_windows)


def _by_windows(counts: jax.Array) -> jax.Array:
    return jax.lax.cumsum(counts, axis=counts.ndim - 2, reverse=True)[..., ::-1, :]


def _by_blocks(counts: jax.Array) -> jax.Array:
    """Sums within blocks, and of blocks, as products with triangular matrices of ones.

    On CPUs a product takes about half the time of `cumsum`, which becomes a sum over windows. A
    loop over the bins would take less time, but round the sums of weights once for each bin.
    """
    bins = counts.shape[-2]
    blocks = -(-bins // _BLOCK)
    values = jnp.moveaxis(counts, -1, -2)[..., ::-1]
    values = jnp.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, blocks * _BLOCK - bins)])
    values = values.reshape(*values.shape[:-1], blocks, _BLOCK)
    within = _times(values, np.triu(np.ones((_BLOCK, _BLOCK))))
    before = _times(within[..., -1], np.triu(np.ones((blocks, blocks)), 1))
    sums = (within + before[..., None]).reshape(*values.shape[:-2], blocks * _BLOCK)
    return jnp.moveaxis(sums[..., :bins], -1, -2)


def _times(values: jax.Array, ones: np.ndarray) -> jax.Array:
    # The highest precision, whatever the user's default is: counts stay exact.
    return jnp.matmul(values, ones.astype(values.dtype), precision=jax.lax.Precision.HIGHEST)
