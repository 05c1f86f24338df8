import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_metrics import metrics
from jax_metrics.metrics import Total

add = jax.jit(lambda total, value: total + value)


@pytest.mark.parametrize("start", [2**24, 2**31, 2**32, 2**40])
def test_counts_stay_exact(start):
    total = Total(float(start))
    for _ in range(5):
        total = add(total, 1)
    assert int(total) == start + 5


@pytest.mark.parametrize("dtype", [jnp.int32, jnp.uint32])
def test_large_integers_are_added_exactly(dtype):
    largest = int(jnp.iinfo(dtype).max)
    assert int(add(Total(), jnp.array(largest, dtype))) == largest


def test_one_of_many_sums_is_exact():
    totals = add(Total(jnp.array([2.0**32, 0.0])), jnp.array([1, 3]))
    assert (int(totals[0]), int(totals[-1])) == (2**32 + 1, 3)
    with pytest.raises(TypeError, match="not iterable"):
        list(totals)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_floats_of_16_bits_are_added_as_wider_ones(dtype):
    values = jnp.full((17, 59), 100, dtype)
    assert float(Total.sum(values).value) == 100_300
    assert Total.sum(values, (1,)).value.tolist() == [5900] * 17
    throughput = metrics.Throughput().update(count=values, seconds=2.0)
    assert float(throughput.compute()) == 50_150


def test_booleans_count_as_one():
    assert int(Total.zeros((2,)).high.sum()) == 0
    assert (Total.zeros((2,)) + jnp.array([True, False])).value.tolist() == [1.0, 0.0]


@pytest.mark.slow
@given(st.lists(st.floats(-1e6, 1e6, width=32, allow_subnormal=False), min_size=1, max_size=50))
def test_sums_are_nearly_those_of_float64(values):
    total = Total()
    for value in values:
        total = total + np.float32(value)
    exact = np.sum(np.array(values, np.float64))
    assert abs(float(total.high) + float(total.low) - exact) <= 1e-12 * np.abs(values).sum() + 1e-30


@pytest.mark.slow
@given(st.lists(st.integers(-(2**20), 2**20), max_size=20), st.integers(0, 20))
def test_merging_is_adding(values, cut):
    def summed(part):
        return sum(map(float, part), start=Total())

    merged = summed(values[:cut]).merged(summed(values[cut:]))
    assert int(merged) == sum(values)
    assert int(merged.merged(merged.neutral())) == sum(values)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_nan_and_infinity_remain(value):
    total = add(add(Total(1.0), value), 1.0)
    np.testing.assert_equal(float(total.value), value)
