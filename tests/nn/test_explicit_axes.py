"""Layers on a mesh with Explicit axes, JAX's default; `check_layer` has the numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6, 8)), jnp.float32)
IMAGE = X.reshape(4, 6, 2, 4)
LAYERS = {
    "Dropout": (lambda: nn.Dropout(0.5), X),
    "StochasticDepth": (lambda: nn.StochasticDepth(0.5), X),
    "GaussianNoise": (lambda: nn.GaussianNoise(0.5), X),
    "Embed": (lambda: nn.Embed(3, 2), jnp.ones((4, 6), int)),
    "Conv": (lambda: nn.Conv(3, 3), X),
    "LSTM": (lambda: nn.LSTM(3, num_layers=2, dropout=0.5, return_sequences=True), X),
    "GRU": (lambda: nn.GRU(3, bidirectional=True), X),
    "SimpleRNN": (lambda: nn.SimpleRNN(3), X),
    "RNN": (lambda: nn.RNN(nn.LSTMCell(3)), X),
    "Bidirectional": (lambda: nn.Bidirectional(nn.RNN(nn.GRUCell(3)), nn.RNN(nn.GRUCell(3))), X),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), IMAGE),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), IMAGE),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(2), X),
    "BatchNorm": (nn.BatchNorm, X),
}


def mesh():
    return jax.make_mesh((2, 2), ("data", "model"))


def sharded(x, *axes):
    return jax.device_put(x, jax.NamedSharding(mesh(), jax.P(*axes)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["Dropout", *(pytest.param(n, marks=pytest.mark.slow) for n in LAYERS if n != "Dropout")],
)
def test_a_batch_stays_sharded_without_a_mesh_in_the_context(name):
    make, x = LAYERS[name]
    layer = make().init(0, x)
    output = layer.copy()(sharded(x, "data"))
    assert jax.typeof(output).sharding.spec[0] == "data"
    np.testing.assert_allclose(output, layer.copy()(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Embed", "LSTM", "RNN", "Dropout", "BatchNorm"])
def test_init_with_a_sharded_batch(name):
    make, x = LAYERS[name]
    layer, expected = make().init(0, sharded(x, "data")), make().init(0, x)
    params = zip(
        jax.tree.leaves(layer.filter(jm.Parameter)),
        jax.tree.leaves(expected.filter(jm.Parameter)),
        strict=True,
    )
    assert all((a == b).all() for a, b in params)


def test_features_of_a_tensor_parallel_layer_stay_sharded():
    layer = nn.Linear(4).init(0, X)
    layer.kernel = sharded(layer.kernel, None, "model")
    assert jax.typeof(layer(sharded(X, "data"))).sharding.spec == jax.P("data", None, "model")


def test_a_contraction_over_sharded_features_keeps_the_batch_sharded():
    layer = nn.Linear(4).init(0, X)
    layer.kernel = sharded(layer.kernel, "model", None)
    output = layer(sharded(X, "data", None, "model"))
    assert jax.typeof(output).sharding.spec[0] == "data"
    np.testing.assert_allclose(output, nn.Linear(4).init(0, X)(X), atol=1e-5)


@pytest.mark.slow
def test_running_statistics_keep_their_type():
    layer = nn.BatchNorm().init(0, X)
    types = jax.tree.map(jax.typeof, (layer.mean, layer.var))
    with jax.set_mesh(mesh()):
        layer(sharded(X, "data"))
    assert [t.shape for t in types] == [layer.mean.shape, layer.var.shape]
    assert not any(jax.typeof(layer.mean).sharding.spec)


@pytest.mark.slow
def test_decoding_with_a_sharded_batch():
    layer = nn.GroupedQueryAttention(2, causal=True).init(0, X)
    decoding = nn.init_cache(layer, 4, 6)
    expected = layer(X)
    with jax.set_mesh(mesh()):
        parts = [decoding(sharded(X[:, :4], "data")), decoding(sharded(X[:, 4:], "data"))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)


def test_bad_inputs_raise_the_same_error():
    layer = nn.Linear(3).init(0, X)
    with pytest.raises(Exception, match="shape"):
        layer(sharded(X[..., :6], "data"))
