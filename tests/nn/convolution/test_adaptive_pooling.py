import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import jax_metrics as jm


def reference(x, outputs, reduce):
    """One axis after the other, by the definition of the windows."""
    for axis, n in enumerate(outputs):
        if n is not None:
            size = x.shape[axis]
            parts = [
                reduce(x.take(range(i * size // n, -(-(i + 1) * size // n)), axis), axis)
                for i in range(n)
            ]
            x = np.stack(parts, axis)
    return x


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 7), st.none() | st.integers(1, 9)), min_size=1, max_size=3)
)
def test_against_the_definition(axes):
    sizes, outputs = zip(*axes, strict=True)
    x = np.random.default_rng(0).normal(size=(*sizes, 2)).astype(np.float32)
    mean = reference(x.astype(np.float64), outputs, lambda v, axis: v.mean(axis))
    np.testing.assert_allclose(jm.nn.AdaptiveAvgPool(outputs)(x), mean, rtol=1e-4, atol=1e-6)
    largest = reference(x, outputs, lambda v, axis: v.max(axis))
    np.testing.assert_array_equal(jm.nn.AdaptiveMaxPool(outputs)(x), largest)


def test_batch_axes_and_dtypes():
    x = jnp.ones((2, 3, 7, 4), jnp.bfloat16)
    for cls in (jm.nn.AdaptiveAvgPool, jm.nn.AdaptiveMaxPool):
        y = cls(3)(x)
        assert y.shape == (2, 3, 3, 4) and y.dtype == jnp.bfloat16
    integers = jnp.arange(5)[:, None]
    assert jm.nn.AdaptiveMaxPool(2)(integers).ravel().tolist() == [2, 4]
    assert jm.nn.AdaptiveAvgPool(2)(integers).ravel().tolist() == [1, 3]


@pytest.mark.parametrize("size", [0, (), (2, -1)])
def test_output_size_is_checked(size):
    with pytest.raises(ValueError, match="positive integer or None for each spatial axis"):
        jm.nn.AdaptiveAvgPool(size)


def test_inputs_are_checked():
    with pytest.raises(ValueError, match="expects 2 spatial axes"):
        jm.nn.AdaptiveMaxPool((2, 2))(jnp.ones((4, 3)))
    with pytest.raises(ValueError, match="got an empty axis"):
        jm.nn.AdaptiveMaxPool(2)(jnp.ones((1, 0, 3)))
