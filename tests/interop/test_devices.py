"""Moving modules between devices, donating their buffers, and looking at what is compiled."""

import gc
import weakref

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


def test_device_put_moves_every_leaf(model, x, assert_close):
    device = jax.devices()[3]
    moved = jax.device_put(model, device)
    assert all(leaf.devices() == {device} for leaf in jax.tree.leaves(moved))
    assert jax.tree.structure(moved) == jax.tree.structure(model)
    y = moved.eval()(jax.device_put(x, device))
    assert y.devices() == {device}
    assert_close(jax.device_get(y), jax.device_get(model.eval()(x)))


def test_device_get_gives_numpy(mlp):
    fetched = jax.device_get(mlp)
    assert type(fetched) is jm.Sequential
    assert all(type(leaf).__module__ == "numpy" for leaf in jax.tree.leaves(fetched))


def test_block_until_ready(model, assert_same):
    assert_same(jax.block_until_ready(model), model)


@pytest.mark.slow
def test_donated_buffers_are_reused(model, x, assert_close):
    """Every leaf that comes in goes out updated: no buffer is kept, and JAX does not warn."""

    def step(model, x):
        y = model(x)
        return jax.tree.map(lambda p: 0.9 * p, model.parameters()), model, y

    def update(model, x):
        params, model, y = step(model, x)
        return model.merge(params), y

    expected = jax.jit(update)(model, x)
    donated = jax.tree.map(jnp.copy, model)
    leaves = jax.tree.leaves(donated)
    actual = jax.jit(update, donate_argnums=0)(donated, x)
    assert all(leaf.is_deleted() for leaf in leaves)
    assert_close(actual, expected)


def test_a_called_module_dies_at_once(model, x):
    """Its arrays are freed when the last reference goes, not when the collector comes by."""
    gc.collect()
    gc.disable()
    try:
        made = jm.copy(model).train()
        made(x)
        dead = weakref.ref(made)
        del made
        assert dead() is None
    finally:
        gc.enable()


def test_eval_shape_and_lowering(model, x):
    def step(model, x):
        y = model(x)
        return y, model

    y, abstract = jax.eval_shape(step, model, x)
    assert y.shape == (8, 2)
    assert jax.tree.structure(abstract) == jax.tree.structure(model)
    compiled = jax.jit(step).lower(abstract, x).compile()
    assert jnp.allclose(compiled(model, x)[0], jax.jit(step)(model, x)[0], atol=1e-6)
