import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import nn


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("jit", [False, True])
def test_integers_out_of_range_return_nan(size, jit):
    layer = nn.Embed(size, 2).init(0, jnp.array([0]))
    indices = jnp.array([[0, size - 1, size], [-1, -size, -size - 1]])
    y = (jax.jit(layer) if jit else layer)(indices)
    inside = np.array([[True, True, False]] * 2)
    assert (jnp.isnan(y).any(-1) == ~inside).all()
    np.testing.assert_array_equal(y[0, 0], layer.embedding[0])
    np.testing.assert_array_equal(y[1, 0], layer.embedding[-1])


def test_a_single_vector_needs_integers_too():
    with pytest.raises(ValueError, match="integer"):
        nn.Embed(1, 2).init(0, jnp.array([0.0]))


def test_the_dtype_of_a_single_vector():
    layer = nn.Embed(1, 2, dtype=jnp.bfloat16).init(0, jnp.array([0]))
    assert layer(jnp.array([0])).dtype == jnp.bfloat16
