"""jax.vmap: modules stacked to an ensemble."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.fixture(scope="module")
def keys():
    return jax.random.split(jax.random.key(0), 3)


@pytest.fixture(scope="module")
def ensemble(keys, x):
    return jax.vmap(make, in_axes=(0, None))(keys, x)


@jax.jit
def make(key, x):
    return jm.Sequential(jm.Linear(4), jm.BatchNorm(), jm.Dropout(0.5), jm.Linear(2)).init(key, x)


def member(ensemble, i):
    return jax.tree.map(lambda leaf: leaf[i], ensemble)


def call(model, x):
    y = model(x)
    return y, model


@pytest.mark.slow
def test_init_of_an_ensemble_equals_single_inits(ensemble, keys, x, assert_close):
    assert ensemble.initialized
    assert ensemble.layers[0].kernel.shape == (3, 3, 4)
    for i, key in enumerate(keys):
        assert_close(member(ensemble, i), make(key, x))


def test_call_of_an_ensemble_keeps_each_state(ensemble, keys, x, assert_close):
    outputs, moved = jax.jit(jax.vmap(call, in_axes=(0, None)))(ensemble, x)
    for i, key in enumerate(keys):
        model = make(key, x)
        assert_close(outputs[i], model(x))
        assert_close(member(moved, i), model)


def test_stacking_by_hand_equals_vmapped_init(ensemble, keys, x, assert_close):
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[make(key, x) for key in keys])
    assert_close(stacked, ensemble)


def test_in_axes_can_be_a_module(keys, x):
    """Shared parameters, and a state for each member."""
    model = make(keys[0], x)
    states = jax.vmap(lambda key: jm.map(lambda _: key, model, jm.Rng))(keys)
    ensemble = model.merge(states.filter(jm.Rng), check_shapes=False)
    axes = jm.map(lambda _: 0, jax.tree.map(lambda _: None, ensemble), jm.Rng, is_leaf=_is_none)
    with_axes = jax.jit(jax.vmap(call, in_axes=(axes, None)))
    outputs, _ = with_axes(ensemble, x)
    model.layers[2].rng = keys[1]
    assert jnp.allclose(outputs[1], model(x), atol=1e-6)


def _is_none(value):
    return value is None


@pytest.mark.slow
def test_gradients_per_example(mlp, x, bare_mlp, bare_params, assert_close):
    loss = lambda mlp, x: (mlp(x) ** 2).sum()  # noqa: E731
    grads = jax.vmap(jax.grad(loss), in_axes=(None, 0))(mlp, x)
    bare_loss = lambda params, x: (bare_mlp(params, x) ** 2).sum()  # noqa: E731
    expected = jax.vmap(jax.grad(bare_loss), in_axes=(None, 0))(bare_params(mlp), x)
    assert_close(bare_params(grads), expected)


def test_batch_norm_shares_statistics_along_a_named_axis(x, assert_close):
    norm = jm.BatchNorm(axis_name="parts").init(0, x)
    parts = x.reshape(4, 2, 3)
    y, moved = jax.vmap(call, in_axes=(None, 0), out_axes=(0, None), axis_name="parts")(norm, parts)
    expected_y, expected = call(jm.BatchNorm().init(0, x), x)
    assert_close(y.reshape(8, 3), expected_y)
    assert_close(moved.mean, expected.mean)
    assert_close(moved.var, expected.var)
