import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import Remat

X = jax.random.normal(jax.random.key(1), (6, 4))


class Block(jm.Module):
    @jm.compact
    def __call__(self, x, flag=False):
        x = jm.Dropout(0.4)(jnp.sin(jm.BatchNorm()(jm.Linear(8)(x))))
        return jm.Linear(3)(x) * (2 if flag else 1)


def step(model, flag):
    def loss(params):
        changed = model.merge(params)
        return (changed(X, flag=flag) ** 2).mean(), changed

    return jax.value_and_grad(loss, has_aux=True)(model.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("flag", [False, True])
@pytest.mark.parametrize(
    "policy", [None, "dots_saveable", jax.checkpoint_policies.everything_saveable]
)
def test_gradients_state_and_keys_are_those_of_the_plain_layer(policy, flag, jit):
    plain, remat = Block().init(0, X), Remat(Block(), policy).init(0, X)
    run = jax.jit(step, static_argnums=1) if jit else step
    (value, after), grads = run(remat, flag)
    (expected, expected_after), expected_grads = run(plain, flag)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    assert not np.allclose(after.layer.batch_norm.mean, remat.layer.batch_norm.mean)
    for a, b in [(grads.layer, expected_grads), (after.layer, expected_after)]:
        assert jax.tree.structure(a) == jax.tree.structure(b)
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
            if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
                assert x == y
            else:
                np.testing.assert_allclose(x, y, atol=1e-6)


@pytest.mark.slow
def test_the_inside_is_computed_again():
    def sines(model):
        gradient = jax.grad(lambda p: model.merge(p)(X).sum())
        return str(jax.make_jaxpr(gradient)(model.parameters())).count("= sin ")

    assert sines(Block().init(0, X).eval()) == 1
    assert sines(Remat(Block()).init(0, X).eval()) == 2  # forward, and again


@pytest.mark.slow
def test_it_changes_the_layer_itself_and_keeps_paths():
    model = Remat(Block()).init(0, X)
    layer = model.layer
    before = layer.batch_norm.mean
    model(X)
    assert model.layer is layer
    assert not np.allclose(layer.batch_norm.mean, before)
    assert ".layer.batch_norm" in model.tabulate(X)


def test_it_takes_the_place_of_a_layer_in_a_compact_method():
    model = Block().init(0, X).eval()
    wrapped = model.map_modules(jm.Linear, Remat)  # it takes the trained layers, as they are
    np.testing.assert_allclose(wrapped(X), model(X))


@pytest.mark.slow
def test_vmap_and_eval_shape():
    keys = jax.random.split(jax.random.key(0), 3)
    models = jax.vmap(lambda key: Remat(Block()).init(key, X))(keys)
    assert jax.vmap(lambda m: m.eval()(X))(models).shape == (3, 6, 3)
    assert jax.eval_shape(lambda m: (m(X), m), Remat(Block()).init(0, X))[0].shape == (6, 3)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Remat(jnp.sin), TypeError, "Remat expected a module.*jax.checkpoint"),
        (lambda: Remat(Block(), "none"), ValueError, "no policy 'none' in.*dots_saveable"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
