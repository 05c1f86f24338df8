"""Recurrent layers whose parameters have fewer than 32 bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import nn
from jax_metrics.nn import initializers

HALVES = [jnp.bfloat16, jnp.float16]


def dtypes_of(tree):
    return {leaf.dtype for leaf in jax.tree.leaves(tree)}


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("layer_class", [nn.GRU, nn.LSTM, nn.SimpleRNN])
def test_layers_with_short_parameters(layer_class, half):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 3)), half)
    layer = layer_class(4, param_dtype=half).init(0, x)
    assert dtypes_of(layer.cells) == {jnp.dtype(half)}
    assert layer(x).dtype == half
    recurrent = "h" if layer_class is nn.SimpleRNN else "hn" if layer_class is nn.GRU else "hi"
    kernel = getattr(layer.cells[0], recurrent)["kernel"].astype(jnp.float32)
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(4), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", ["SimpleCell", "GRUCell", "MGUCell", "LSTMCell"])
def test_cells_with_short_parameters(name, half):
    x = jnp.ones((2, 5, 3), half)
    rnn = nn.RNN(getattr(nn, name)(4, param_dtype=half)).init(0, x)
    assert dtypes_of(rnn) == {jnp.dtype(half)}
    assert rnn(x).dtype == half


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    ("make", "shape"),
    [(initializers.orthogonal, (4, 4)), (initializers.delta_orthogonal, (3, 4, 4))],
)
def test_orthogonal_matrices_are_rounded_ones_of_32_bits(make, shape, half):
    key = jax.random.key(0)
    expected = make()(key, shape).astype(half)
    assert (make()(key, shape, half) == expected).all()
    assert (make(dtype=half)(key, shape) == expected).all()
