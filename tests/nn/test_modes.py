"""Layers that do one thing in training and another in evaluation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = jnp.arange(12.0).reshape(4, 3)
PASSIVE = {
    "eval": lambda layer: layer.eval(),
    "freeze": lambda layer: layer.freeze(),
    "both": lambda layer: layer.freeze().eval(),
}


def norm(**arguments):
    return jm.BatchNorm(momentum=0.9, **arguments).init(0, X)


def statistics(layer):
    return np.stack([layer.mean, layer.var])


def assert_trains(layer):
    output = layer(X)
    assert jnp.allclose(output.mean(0), 0, atol=1e-5)
    assert jnp.allclose(layer.mean, 0.1 * X.mean(0))
    assert jnp.allclose(layer.var, 0.9 + 0.1 * X.var(0))


def assert_evaluates(layer, **options):
    before = statistics(layer)
    output = layer(X, **options)
    assert jnp.allclose(output, X / jnp.sqrt(1 + layer.epsilon))
    assert (statistics(layer) == before).all()


def test_batch_norm_in_training_moves_its_statistics():
    assert_trains(norm())


def test_init_leaves_the_statistics_where_they_start():
    assert (statistics(norm()) == [[0, 0, 0], [1, 1, 1]]).all()


@pytest.mark.parametrize("mode", PASSIVE)
def test_batch_norm_uses_its_statistics(mode):
    assert_evaluates(PASSIVE[mode](norm()))


def test_batch_norm_can_be_told_by_its_argument():
    assert_evaluates(norm(use_running_average=True))
    assert_trains(norm(use_running_average=False).eval())


def test_batch_norm_can_be_told_by_the_call():
    assert_evaluates(norm(), use_running_average=True)
    layer = norm().eval()
    layer(X, use_running_average=False)
    assert jnp.allclose(layer.mean, 0.1 * X.mean(0))


def test_batch_norm_goes_back_to_training():
    assert_trains(norm().eval().train())


@pytest.mark.parametrize("mode", PASSIVE)
def test_batch_norm_does_not_learn_statistics_under_jit(mode):
    layer = PASSIVE[mode](norm())
    before = statistics(layer)
    _, layer = jax.jit(lambda layer, x: (layer(x), layer))(layer, X)
    assert (statistics(layer) == before).all()


@pytest.mark.slow
def test_batch_norm_shares_statistics_along_a_mapped_axis():
    layer = norm(axis_name="batch")

    def call(layer, x):
        return layer(x), layer

    halves = X.reshape(2, 2, 3)
    output, layer = jax.vmap(call, in_axes=(None, 0), out_axes=(0, None), axis_name="batch")(
        layer, halves
    )
    whole = norm()
    assert jnp.allclose(output.reshape(4, 3), whole(X), atol=1e-5)
    assert jnp.allclose(statistics(layer), statistics(whole), rtol=1e-5)


def test_dropout_in_training():
    layer = jm.Dropout(0.25).init(0)
    output = layer(jnp.ones(1000))
    assert set(np.unique(output)) == {0, np.float32(1 / 0.75)}
    assert 0.15 < (output == 0).mean() < 0.35
    assert not (output == layer(jnp.ones(1000))).all()


@pytest.mark.parametrize("mode", PASSIVE)
def test_dropout_gives_its_inputs_back_and_keeps_its_key(mode):
    layer = PASSIVE[mode](jm.Dropout(0.5).init(0))
    key = layer.rng
    assert (layer(X) == X).all()
    assert layer.rng is key


def test_dropout_can_be_told_by_its_argument():
    layer = jm.Dropout(0.5, deterministic=True).init(0)
    key = layer.rng
    assert (layer(jnp.ones(100)) == 1).all() and layer.rng is key
    assert not (jm.Dropout(0.5, deterministic=False).init(0).eval()(jnp.ones(100)) == 1).all()


@pytest.mark.parametrize("deterministic", [False, True])
def test_dropout_can_be_told_by_the_call(deterministic):
    layer = jm.Dropout(0.5).init(0).train(deterministic)
    output = layer(jnp.ones(100), deterministic=deterministic)
    assert (output == 1).all() == deterministic


def test_dropout_without_a_key():
    with pytest.raises(
        RuntimeError,
        match=r"Dropout needs a random key in training, and has none yet\. Initialize the model, "
        r"`model = model\.init\(key, inputs\)`, or use `model\.eval\(\)`",
    ):
        jm.Dropout(0.5)(X)
    assert (jm.Dropout(0.5).eval()(X) == X).all()


def test_dropouts_of_a_model_differ():
    model = jm.Sequential(jm.Dropout(0.5), jm.Dropout(0.5)).init(0)
    one, other = (layer(jnp.ones(100)) for layer in model.layers)
    assert not (one == other).all()


def test_dropout_draws_anew_in_each_step_of_a_scan():
    def step(layer, x):
        output = layer(x)
        return layer, output

    _, outputs = jax.lax.scan(step, jm.Dropout(0.5).init(0), jnp.ones((5, 100)))
    assert len(np.unique(outputs, axis=0)) == 5


def test_layers_without_modes_are_the_same_in_all():
    layer = jm.Sequential(jm.Linear(4), jm.LayerNorm()).init(0, X)
    assert (layer(X) == layer.eval()(X)).all() and (layer(X) == layer.freeze()(X)).all()
