import sys

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import HaikuModule

X = jax.random.normal(jax.random.key(1), (8, 3))


def test_without_haiku_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "haiku", None)
    with pytest.raises(ImportError, match=r"needs the package dm-haiku.*jax-metrics\[haiku\]"):
        HaikuModule(lambda x: x)


@pytest.fixture
def hk():
    return pytest.importorskip("haiku", reason="dm-haiku is not installed")


@pytest.fixture
def net(hk):
    def net(x, is_training):
        x = hk.BatchNorm(True, True, 0.9)(hk.Linear(4)(x), is_training)
        return hk.dropout(hk.next_rng_key(), 0.5, x) if is_training else x

    return net


def test_init_and_calls_are_those_of_haiku(hk, net):
    model = HaikuModule(net).init(42, X)
    transformed = hk.transform_with_state(net)
    params, state = transformed.init(jax.random.key(42), X, True)
    assert jax.tree.structure(model.params) == jax.tree.structure(dict(params))
    jax.tree.map(np.testing.assert_array_equal, model.params, dict(params))
    key, following = jm.iter_split(model.rng)
    expected, after = transformed.apply(params, state, key, X, True)
    np.testing.assert_allclose(model(X), expected)
    jax.tree.map(np.testing.assert_allclose, model.state, dict(after))
    assert model.rng == following
    expected, _ = transformed.apply(model.params, model.state, None, X, False)
    np.testing.assert_allclose(model.eval()(X), expected)


def test_a_class_and_a_transformed_function(hk):
    model = HaikuModule(hk.Linear, 4, with_bias=False).init(0, X)
    assert set(model.params["linear"]) == {"w"}
    assert model.rng is None  # it draws no keys
    for transformed in (hk.transform, hk.transform_with_state):
        other = HaikuModule(transformed(lambda x: hk.Linear(4, with_bias=False)(x))).init(0, X)
        np.testing.assert_array_equal(other(X), model(X))


def test_pretrained_parameters_stay(hk, net):
    first = HaikuModule(net).init(0, X)
    second = HaikuModule(net, params=first.params, state=first.state)
    np.testing.assert_allclose(second.eval()(X), first.eval()(X))
    jax.tree.map(np.testing.assert_array_equal, second.init(1, X).params, first.params)


def test_jit_and_grad(net):
    model = HaikuModule(net).init(0, X)
    step = jax.jit(lambda model, x: (model(x), model))
    for _ in range(2):
        _, model = step(model, X)
    assert step._cache_size() == 1
    grads = jax.grad(lambda p: model.eval().merge(p)(X).sum())(model.parameters())
    assert (grads.params["linear"]["w"] != 0).any()


def test_errors(hk):
    with pytest.raises(TypeError, match="expected a function.*got 3"):
        HaikuModule(3)
    with pytest.raises(TypeError, match="constructor of a class of modules only"):
        HaikuModule(lambda x: x, 4)
    with pytest.raises(RuntimeError, match="was called before it was initialized"):
        HaikuModule(hk.Linear, 4)(X)
