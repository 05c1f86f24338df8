import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.metrics import Buffer


def test_rows_are_kept_in_order_and_masked_ones_left_out():
    buffer = Buffer(5).extended(jnp.array([1.0, 2.0]))
    mask = jnp.array([True, False, True])
    buffer = jax.jit(lambda buffer, rows: buffer.extended(rows, mask))(buffer, jnp.arange(3.0, 6.0))
    assert buffer.values[: int(buffer.count)].tolist() == [1.0, 2.0, 3.0, 5.0]
    assert not buffer.overflowed


def test_overflow_is_recorded():
    buffer = Buffer(2, (3,)).extended(jnp.ones((5, 3)))
    assert buffer.overflowed and int(buffer.count) == 2
    for _ in range(3):
        buffer = buffer.extended(jnp.ones((5, 3)))
    assert buffer.overflowed and int(buffer.count) == 2


@pytest.mark.parametrize(
    ("first", "second", "overflow"), [(1, 2, False), (2, 3, True), (5, 0, True)]
)
def test_merging_keeps_the_rows_of_both(first, second, overflow):
    one, two = (Buffer(4).extended(jnp.arange(n, dtype=jnp.float32)) for n in (first, second))
    merged = one.merged(two)
    expected = [*range(min(first, 4)), *range(second)][:4]
    assert merged.values[: int(merged.count)].tolist() == expected
    assert bool(merged.overflowed) == overflow
    assert bool(two.merged(one).overflowed) == overflow
    np.testing.assert_array_equal(one.neutral().merged(one).values, one.values)


def test_errors():
    with pytest.raises(ValueError, match="a capacity of at least 1; got 0"):
        Buffer(0)
    with pytest.raises(ValueError, match=r"rows of shape \(\) got rows of shape \(3,\)"):
        Buffer(2).extended(jnp.ones((1, 3)))
