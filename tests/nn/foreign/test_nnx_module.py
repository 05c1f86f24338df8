import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jax_metrics as jm
from jax_metrics.nn import NNXModule

X = jax.random.normal(jax.random.key(1), (8, 2))


def net(seed=0):
    rngs = nnx.Rngs(seed)
    return nnx.Sequential(
        nnx.Linear(2, 3, rngs=rngs), nnx.BatchNorm(3, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)
    )


class Sows(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x, train):
        self.sow(nnx.Intermediate, "hidden", x)
        return self.linear(x) + 10 * train

    def twice(self, x):
        return 2 * x


@pytest.mark.slow
def test_calls_are_those_of_nnx_with_its_state():
    reference, model = net(), NNXModule(net()).init(0, X)
    step = jax.jit(lambda model, x: (model(x), model))
    for _ in range(3):
        y, model = step(model, X)
        np.testing.assert_allclose(y, reference(X), atol=1e-6)
    assert step._cache_size() == 1
    np.testing.assert_allclose(model.stats["layers"][1]["mean"], reference.layers[1].mean[...])
    reference.eval()
    evaluated = model.eval()
    np.testing.assert_allclose(evaluated(X), reference(X), atol=1e-6)
    assert jnp.array_equal(evaluated.stats["layers"][1]["mean"], model.stats["layers"][1]["mean"])


def test_kinds_go_by_the_type_of_the_variable():
    model = NNXModule(net())
    assert len(jax.tree.leaves(model.parameters())) == 4
    assert len(jax.tree.leaves(model.batch_stats())) == 2
    assert len(jax.tree.leaves(model.rngs())) == 2
    assert len(jax.tree.leaves(model)) == 8


def test_values_come_out_as_they_went_in():
    given = net(5)
    out = NNXModule(given).init(0, X).module
    a, b = (nnx.to_pure_dict(nnx.state(m)) for m in (given, out))
    assert jax.tree.structure(a) == jax.tree.structure(b)
    assert all(x is y for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def test_gradients_are_those_of_nnx():
    model = NNXModule(net()).eval()
    reference = net()
    reference.eval()
    grads = jax.grad(lambda p: (model.merge(p)(X) ** 2).sum())(model.parameters())
    expected = nnx.to_pure_dict(nnx.grad(lambda m: (m(X) ** 2).sum())(reference))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), grads.params, expected
    )


@pytest.mark.slow
def test_a_function_is_run_by_init_with_a_key():
    model = NNXModule(lambda rngs: nnx.Linear(2, 2, rngs=rngs))
    with pytest.raises(RuntimeError, match="was not made yet. Call"):
        model(X)
    a, b = model.init(0, X), model.init(1, X)
    assert not jnp.array_equal(a.params["kernel"], b.params["kernel"])
    stack = jm.nn.Stack(model, 3).init(0, X)
    assert len(jnp.unique(stack.layer.params["kernel"])) == 12


def test_sown_values_flags_and_methods():
    model = NNXModule(Sows(nnx.Rngs(0))).init(0, X)
    step = jax.jit(lambda model, x: (model(x), model))
    y, model = step(model, X)
    _, model = step(model, 2 * X)
    np.testing.assert_allclose(jax.tree.leaves(model.logs())[0], 2 * X)
    assert len(jax.tree.leaves(model.logs())) == 1
    np.testing.assert_allclose(y - model.eval()(X), 10, rtol=1e-5)
    np.testing.assert_allclose(NNXModule(Sows(nnx.Rngs(0)), method="twice")(X), 2 * X)


def test_frozen_and_vmap():
    model = NNXModule(net()).freeze()
    step = jax.jit(lambda model: model(X))  # nothing is lost: nothing changes
    np.testing.assert_allclose(step(model), NNXModule(net()).eval()(X), atol=1e-6)
    keys = jax.random.split(jax.random.key(0), 2)
    make = lambda rngs: nnx.Linear(2, 3, rngs=rngs)  # noqa: E731
    models = jax.vmap(lambda key: NNXModule(make).init(key))(keys)
    assert jax.vmap(lambda m: m(X))(models).shape == (2, 8, 3)


def test_errors():
    with pytest.raises(TypeError, match="NNXModule expected a module of `flax.nnx`.*got 3"):
        NNXModule(3)
