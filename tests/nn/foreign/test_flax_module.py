import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core import freeze

import jax_metrics as jm
from jax_metrics.nn import FlaxModule

X = jax.random.normal(jax.random.key(1), (4, 3))


class Net(nn.Module):
    """Every collection: params, batch_stats, one of its own, sown values, and dropout."""

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(5)(x))
        self.sow("intermediates", "hidden", x)
        total = self.variable("totals", "x", jnp.zeros, ())
        if self.is_mutable_collection("totals"):
            total.value += x.sum()
        return nn.Dropout(0.5, deterministic=not train)(x)

    def embed(self, x):
        return x * 2


def equal(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    return all(map(jnp.array_equal, jax.tree.leaves(a), jax.tree.leaves(b)))


def test_init_gives_what_flax_gives():
    model = FlaxModule(nn.Sequential([nn.Dense(5), nn.relu, nn.Dense(2)])).init(42, X)
    assert equal(model.variables, model.module.init(jax.random.key(42), X))
    assert model.rng is None  # it draws no keys


@pytest.mark.slow
def test_kinds_go_by_collection():
    model = FlaxModule(Net(), logs=["intermediates"]).init(0, X)
    assert set(model.variables) == {"params", "batch_stats", "totals"}
    assert equal(model.parameters().params, model.variables["params"])
    assert equal(model.batch_stats().stats, model.variables["batch_stats"])
    assert jax.tree.leaves(model.filter(jm.ModelState).others) != []
    assert model.logs().sown["intermediates"]["hidden"][0].shape == (4, 5)
    assert len(jax.tree.leaves(model.rngs())) == 1


@pytest.mark.slow
def test_a_call_is_that_of_flax_with_its_state():
    model = FlaxModule(Net()).init(0, X)
    variables, rng = model.variables, model.rng
    y = model(X)
    _, dropout = jm.iter_split(rng)
    expected, changed = Net().apply(
        variables, X, train=True, mutable=["batch_stats", "totals"], rngs={"dropout": dropout}
    )
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    assert equal(model.variables, {**variables, **changed})
    evaluated = model.eval()
    np.testing.assert_allclose(
        evaluated(X), Net().apply(model.variables, X, train=False), rtol=1e-6
    )
    assert equal(evaluated.variables, model.variables)
    frozen = model.freeze()
    frozen(X)
    assert equal(frozen.variables, model.variables)


@pytest.mark.parametrize("wrap", [dict, freeze])
def test_pretrained_variables_go_in_and_come_out(wrap):
    variables = Net().init(jax.random.key(3), X, train=False)
    model = FlaxModule(Net(), wrap(variables))
    expected = Net().apply(variables, X, train=False)
    np.testing.assert_allclose(model.eval()(X), expected)  # without `init`
    for other in (model, model.init(0, X), jax.jit(lambda: model.init(0, X))()):
        assert equal(other.variables, variables)
    assert model.init(0, X)(X).shape == (4, 5)


@pytest.mark.parametrize("flag", ["train", "training", "is_training"])
@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_passed_unless_the_call_or_the_module_says_otherwise(flag, training):
    namespace = {}
    exec(f"def call(self, x, {flag}=None): return x + 10 * {flag}", namespace)
    cls = type("Asks", (nn.Module,), {"__call__": namespace["call"]})
    model = FlaxModule(cls()).init(0, X).train(training)
    np.testing.assert_allclose(model(X), X + 10 * training)
    np.testing.assert_allclose(model(X, **{flag: not training}), X + 10 * (not training))
    np.testing.assert_allclose(model(X, not training), X + 10 * (not training))


def test_a_module_with_a_mode_of_its_own_keeps_it():
    model = FlaxModule(nn.Dropout(0.5, deterministic=True)).init(0, X)
    np.testing.assert_allclose(model(X), X)
    assert (FlaxModule(nn.Dropout(0.5)).init(0, X)(X) == 0).any()


@pytest.mark.parametrize("method", ["embed", Net.embed])
def test_other_methods(method):
    np.testing.assert_allclose(FlaxModule(Net(), method=method).init(0, X)(X), X * 2)


@pytest.mark.slow
def test_a_cache_grows_in_evaluation_mode_too():
    attention = nn.MultiHeadDotProductAttention(2, qkv_features=4, decode=True)
    model = FlaxModule(attention).init(0, jnp.ones((1, 5, 4))).eval()
    step = jax.jit(lambda model, x: (model(x), model))
    for _ in range(3):
        _, model = step(model, jnp.ones((1, 1, 4)))
    assert model.caches().cache["cache_index"] == 3
    assert step._cache_size() == 1


def test_sown_values_are_those_of_the_last_call():
    model = FlaxModule(Net(), logs=["intermediates"]).init(0, X).eval()
    step = jax.jit(lambda model, x: (model(x), model))
    _, model = step(model, X)
    _, model = step(model, 2 * X)
    (hidden,) = model.sown["intermediates"]["hidden"]
    np.testing.assert_allclose(hidden, model(2 * X), rtol=1e-6)
    assert step._cache_size() == 1


class Sampler(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + jax.random.normal(self.make_rng("noise"), x.shape)


def test_named_streams_draw_in_every_mode():
    model = FlaxModule(Sampler(), rngs=["noise"]).init(0, X).eval()
    assert not jnp.array_equal(model(X), model(X))
    with pytest.raises(RuntimeError, match="Sampler needs random keys.*rngs="):
        FlaxModule(Sampler(), rngs=[]).init(0, X)(X)


@pytest.mark.slow
def test_vmap_grad_bfloat16_and_stack():
    keys = jax.random.split(jax.random.key(0), 2)
    models = jax.vmap(lambda key: FlaxModule(Net()).init(key, X))(keys)
    assert jax.vmap(lambda m: m.eval()(X))(models).shape == (2, 4, 5)
    half = FlaxModule(nn.Dense(3, param_dtype=jnp.bfloat16)).init(0, X.astype(jnp.bfloat16))
    assert half(X.astype(jnp.bfloat16)).dtype == jnp.bfloat16
    stack = jm.nn.Stack(FlaxModule(nn.Dense(3)), 4).init(0, X)
    y = X
    for layer in stack:
        y = layer(y)
    np.testing.assert_allclose(stack(X), y, atol=1e-6)
    assert stack.layer.params["kernel"].shape == (4, 3, 3)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: FlaxModule(jm.Linear(3)), TypeError, "expected a Flax Linen module"),
        (lambda: FlaxModule(Net(), [1]), TypeError, "variables by collection.*got list"),
        (lambda: FlaxModule(Net(), {"params": 1}), TypeError, r"got \['params'\]"),
        (lambda: FlaxModule(Net())(X), RuntimeError, "was called before it was initialized"),
        (
            lambda: FlaxModule(Net(), Net().init(jax.random.key(0), X, train=False))(X),
            RuntimeError,
            "Net needs random keys in this call. Initialize the model",
        ),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
