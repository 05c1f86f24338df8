"""The decomposed steps equal the cells called one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

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


def made(layer_class, options):
    bias_init = initializers.normal(1.0)
    return layer_class(4, return_sequences=True, bias_init=bias_init, **options).init(0, X)


def step_by_step(layer, x):
    cell = layer.cells[0]
    carry, outputs = cell.initialize_carry(0, x[:, 0].shape), []
    for step in range(x.shape[1]):
        carry, output = cell(carry, x[:, step])
        outputs.append(output)
    return jnp.stack(outputs, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("layer_class", "options"), CASES)
def test_steps_are_those_of_the_cell(layer_class, options):
    layer = made(layer_class, options)
    np.testing.assert_allclose(layer(X), step_by_step(layer, X), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("layer_class", "options"), CASES)
def test_gradients_are_those_of_the_cell(layer_class, options):
    layer = made(layer_class, options)
    gradients, expected = (
        jax.grad(lambda layer, x, f=f: (f(layer, x) ** 2).sum(), argnums=(0, 1))(layer, X)
        for f in (layer_class.__call__, step_by_step)
    )
    assert jax.tree.structure(gradients) == jax.tree.structure(expected)
    for found, wanted in zip(jax.tree.leaves(gradients), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer_class",
    [nn.SimpleRNN, *(pytest.param(c, marks=pytest.mark.slow) for c in (nn.GRU, nn.LSTM))],
)
def test_gradients_of_both_modes_and_of_gradients(layer_class):
    layer = made(layer_class, {"bidirectional": True, "unroll": 2})
    lengths = jnp.array([5, 3])

    @jax.jit
    def f(layer, x):
        return layer(x, lengths=lengths)

    check_grads(f, (layer, X), order=2, modes=("fwd", "rev"), rtol=2e-2, atol=2e-2)
