"""The steps prepared for a whole sequence give what the cells give one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import nn
from jax_metrics.nn import initializers

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 3)), jnp.float32)
GATES = {"gate_fn": jax.nn.hard_sigmoid, "activation_fn": jax.nn.soft_sign}
CASES = [
    (nn.SimpleRNN, {}),
    (nn.SimpleRNN, {"activation_fn": jax.nn.soft_sign, "residual": True}),
    (nn.GRU, {}),
    (nn.GRU, GATES),
    (nn.LSTM, {}),
    (nn.LSTM, GATES),
]


@pytest.mark.parametrize(("layer_class", "options"), CASES)
def test_steps_are_those_of_the_cell(layer_class, options):
    bias_init = initializers.normal(1.0)
    layer = layer_class(4, return_sequences=True, bias_init=bias_init, **options).init(0, X)
    cell = layer.cells[0]
    carry, expected = cell.initialize_carry(0, X[:, 0].shape), []
    for step in range(X.shape[1]):
        carry, output = cell(carry, X[:, step])
        expected.append(output)
    np.testing.assert_allclose(layer(X), jnp.stack(expected, 1), rtol=1e-5, atol=1e-6)
