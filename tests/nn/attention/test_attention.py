import functools
from unittest import mock

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax_metrics as jm
from jax_metrics import nn
from jax_metrics.tree import copy


def normal(*shape):
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


X = normal(2, 5, 8)


@pytest.mark.slow
def test_kinds_of_the_fields():
    layer = nn.MultiHeadAttention(2, dropout_rate=0.5, decode=True, normalize_qk=True)
    layer = layer.init(0, jm.Inputs(X, sow_weights=True))
    kinds = {name: known.kind for name, known in layer.field_metadata.items() if known.node}
    parameters = ("query", "key", "value", "out", "query_ln", "key_ln")
    caches = ("cached_key", "cached_value", "cache_index")
    assert all(kinds.pop(name) is jm.Parameter for name in parameters)
    assert all(kinds.pop(name) is jm.Cache for name in caches)
    assert kinds == {"attention_weights": jm.Log, "rng": jm.Rng}
    assert jax.tree.leaves(layer.caches()) and jax.tree.leaves(layer.logs())


@pytest.mark.slow
def test_decoding_step_by_step_is_attention_under_a_causal_mask():
    layer = nn.SelfAttention(2, decode=True).init(0, X)
    whole = nn.MultiHeadAttention(2).init(0, X)
    expected = whole(X, mask=nn.make_causal_mask(X[..., 0]))

    def step(layer, x):
        return layer, layer(x[:, None])[:, 0]

    after, outputs = jax.lax.scan(step, layer, X.swapaxes(0, 1))
    assert jnp.allclose(outputs.swapaxes(0, 1), expected, atol=1e-5)
    assert int(after.cache_index) == 5 and int(layer.cache_index) == 0


@pytest.mark.slow
def test_the_cache_fills_in_evaluation_mode_and_when_frozen():
    for layer in (nn.SelfAttention(2, decode=True).init(0, X).eval(),):
        layer(X[:, :1])
        layer.freeze()(X[:, :1])
        assert int(layer.cache_index) == 1


def test_a_wrong_length_in_decoding():
    layer = nn.SelfAttention(2, decode=True).init(0, X)
    with pytest.raises(ValueError, match="cache shape error"):
        layer(X)


def test_weights_are_left_only_when_asked_for():
    layer = nn.MultiHeadAttention(2).init(0, X)
    layer(X)
    assert layer.attention_weights is None
    layer(X, sow_weights=True)
    assert layer.attention_weights.shape == (2, 2, 5, 5)
    assert jnp.allclose(layer.attention_weights.sum(-1), 1, atol=1e-6)


def test_weights_that_init_was_asked_for_do_not_change_the_structure():
    layer = nn.MultiHeadAttention(2).init(0, jm.Inputs(X, sow_weights=True))
    before = jax.tree.structure(layer)
    layer(X, sow_weights=True)
    assert jax.tree.structure(layer) == before


def test_dropout_follows_mode_call_and_key():
    layer = nn.SelfAttention(2, dropout_rate=0.5).init(0, X)
    key = layer.rng
    assert (layer.eval()(X) == layer(X, None, True)).all()
    assert layer.rng is key  # nothing random, no key used
    given_key = layer(X, dropout_rng=jax.random.key(1))
    assert layer.rng is key
    assert (given_key == layer(X, None, False, jax.random.key(1))).all()
    assert not (layer(X) == layer(X)).all()


def test_without_dropout_there_is_no_key():
    layer = nn.SelfAttention(2).init(0, X)
    assert jax.tree.leaves(layer.rngs()) == []
    assert (layer(X) == layer.eval()(X)).all()


def test_dropout_turned_on_later_asks_for_a_key():
    layer = nn.SelfAttention(2).init(0, X)
    layer.dropout_rate = 0.5
    with pytest.raises(RuntimeError, match="SelfAttention needs a random key in training"):
        layer(X)


def test_self_attention_does_not_warn():
    assert nn.SelfAttention(2).init(0, X)(X).shape == X.shape


@pytest.mark.slow
@settings(max_examples=15)
@given(
    heads=st.integers(1, 3),
    size=st.integers(1, 2),
    batch=st.lists(st.integers(1, 2), max_size=2),
    lengths=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    use_bias=st.booleans(),
    normalize_qk=st.booleans(),
    out_features=st.none() | st.integers(1, 3),
    masked=st.booleans(),
)
def test_equal_to_linen(heads, size, batch, lengths, masked, **options):
    q, k = (normal(*batch, n, 3) for n in lengths)
    options["qkv_features"] = heads * size
    mask = np.tril(np.ones((1, *lengths), bool)) if masked else None
    layer = nn.MultiHeadAttention(heads, **options).init(1, (q, k))
    module = linen.MultiHeadAttention(heads, **options)
    exact = functools.partial(linen.LayerNorm, use_fast_variance=False)  # as layers here do
    with mock.patch("flax.linen.attention.LayerNorm", exact):
        expected = module.apply(module.init(jax.random.key(1), q, k), q, k, mask=mask)
    assert jnp.allclose(copy(layer)(q, k, mask=mask), expected, atol=1e-6)


@pytest.mark.parametrize(
    "make", [nn.SelfAttention, nn.MultiHeadAttention, nn.MultiHeadDotProductAttention]
)
def test_decoding_past_the_cache_is_refused(make):
    x = jnp.ones((2, 3, 4))
    layer = make(2, decode=True).init(0, x)
    step = jax.jit(lambda layer, token: (layer(token), layer))
    for position in range(3):
        output, layer = step(layer, x[:, position : position + 1])
        assert jnp.isfinite(output).all()
    assert jnp.isnan(step(layer, x[:, :1])[0]).all()
    with pytest.raises(ValueError, match="has a cache for 3 positions, of which 3 are taken"):
        layer(x[:, :1])


@pytest.mark.slow
def test_one_decoding_layer_cannot_be_called_twice():
    class Twice(jm.Module):
        def __init__(self, layer):
            self.layer = layer

        def __call__(self, x):
            return self.layer(self.layer(x))

    x = jnp.ones((2, 1, 4))
    model = Twice(nn.SelfAttention(2, decode=True).init(0, jnp.ones((2, 3, 4)))).init(0)
    with pytest.raises(
        RuntimeError, match=r"^\.layer \(SelfAttention\) .* twice in one call of the"
    ):
        model(x)


@pytest.mark.parametrize("force_fp32_for_softmax", [False, True])
@pytest.mark.parametrize(
    "make", [nn.MultiHeadDotProductAttention, nn.MultiHeadAttention, nn.SelfAttention]
)
def test_if_all_weights_are_dropped_nothing_is_attended(make, force_fp32_for_softmax):
    layer = make(2, dropout_rate=1.0, force_fp32_for_softmax=force_fp32_for_softmax)
    layer = layer.init(0, jm.Inputs(X, sow_weights=True))
    layer.out["bias"] = normal(8)

    def output(layer, x):
        layer = layer.train()
        value = layer(x, sow_weights=True, mask=nn.make_causal_mask(x[..., 0]))
        return value.sum(), (value, layer)

    gradient, (value, _) = jax.jit(jax.grad(output, argnums=1, has_aux=True))(layer, X)
    np.testing.assert_array_equal(value, jnp.broadcast_to(normal(8), X.shape))
    assert (gradient == 0).all()
    layer.train(inplace=True)
    layer(X, sow_weights=True)
    assert layer.attention_weights.shape == (2, 2, 5, 5) and not layer.attention_weights.any()
    plain = make(2).init(0, X)
    np.testing.assert_allclose(layer.eval()(X) - normal(8), plain(X), rtol=1e-5, atol=1e-6)
