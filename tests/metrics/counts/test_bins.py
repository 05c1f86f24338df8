"""The bins of scores equal comparisons with each threshold, to the last bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.metrics.counts import bin_indices

AT_ONCE = 100


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2, 2**11 + 1, AT_ONCE))
def test_scores_at_and_beside_each_threshold(first):
    counts = np.arange(first, min(first + AT_ONCE, 2**11 + 1), 7)
    tables = [np.linspace(0, 1, count).astype(np.float32) for count in counts]
    scores = [_beside(table) for table in tables]
    actual = jax.jit(lambda scores: list(map(bin_indices, scores, counts.tolist())))(scores)
    for table, near, bins in zip(tables, scores, actual, strict=True):
        np.testing.assert_array_equal(bins, table.searchsorted(near, side="right"))


@pytest.mark.parametrize("thresholds", [2, 16, 200, 2**11, 2**11 + 1, 10_000])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_scores_anywhere(thresholds, dtype):
    table = np.linspace(0, 1, thresholds).astype(np.float32)
    scores = np.concatenate([np.random.default_rng(0).random(10_000), table]).astype(dtype)
    bins = jax.jit(bin_indices, static_argnums=1)(jnp.asarray(scores), thresholds)
    expected = table.searchsorted(scores.astype(np.float32), side="right")
    np.testing.assert_array_equal(bins, expected)


def _beside(table):
    return np.concatenate([table, *(np.nextafter(table, np.float32(end)) for end in (0, 1))])
