"""Recurrent networks under `jax.shard_map`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(8, 5, 3)), jnp.float32)
IMAGES = jnp.asarray(np.random.default_rng(0).normal(size=(8, 3, 6, 6, 2)), jnp.float32)
CASES = {
    "RNN": (lambda: nn.RNN(nn.GRUCell(4)), X),
    "RNN of a pair": (lambda: nn.RNN(nn.LSTMCell(4)), X),
    "RNN reversed": (lambda: nn.RNN(nn.SimpleCell(4), reverse=True, keep_order=True), X),
    "RNN of images": (lambda: nn.RNN(nn.ConvLSTMCell(2, (3, 3))), IMAGES),
    "Bidirectional": (lambda: nn.Bidirectional(nn.RNN(nn.GRUCell(4)), nn.RNN(nn.GRUCell(4))), X),
    "GRU": (lambda: nn.GRU(4, return_sequences=True), X),
}


def split(function, **options):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    specs = {"in_specs": jax.P("data"), "out_specs": jax.P("data"), **options}
    return jax.shard_map(function, mesh=mesh, **specs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["GRU", *(pytest.param(n, marks=pytest.mark.slow) for n in CASES if n != "GRU")]
)
def test_recurrent_networks_run_under_shard_map(name):
    make, x = CASES[name]
    layer = make().init(0, x)
    np.testing.assert_allclose(split(layer)(x), layer(x), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_gradient_of_a_recurrent_network_under_shard_map():
    layer = nn.RNN(nn.GRUCell(4)).init(0, X)

    def loss(layer, x):
        return jax.lax.psum((layer(x) ** 2).sum(), "data")

    in_parts = split(loss, in_specs=(jax.P(), jax.P("data")), out_specs=jax.P())
    gradient, expected = jax.grad(in_parts)(layer, X), jax.grad(lambda m: (m(X) ** 2).sum())(layer)
    for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_given_carry_is_used_under_shard_map():
    layer, carry = nn.RNN(nn.GRUCell(4)).init(0, X), jnp.full((8, 4), 0.5)

    def run(x, carry):
        return layer(x, initial_carry=carry)

    expected = run(X, carry)
    np.testing.assert_allclose(split(run)(X, carry), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_an_infinite_input_leaves_the_other_examples_alone():
    layer = nn.RNN(nn.GRUCell(4)).init(0, X)
    y = split(layer, in_specs=jax.P("data"))(X.at[0, 0, 0].set(jnp.inf))
    assert jnp.isfinite(y[1:]).all()
