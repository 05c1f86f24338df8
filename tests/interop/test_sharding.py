"""jit with sharded parameters: the compiler splits the work and the numbers stay the same."""

import functools

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType

import jax_metrics as jm

SPECS = {
    ".layers[0].kernel": jax.P(None, "model"),
    ".layers[0].bias": jax.P("model"),
    ".layers[2].kernel": jax.P("model", None),
}


def make_mesh(kind):
    return jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind, kind))


def shardings(model, mesh):
    """A tree like the model with a sharding for each leaf, chosen by path."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: jax.NamedSharding(mesh, SPECS.get(jax.tree_util.keystr(path), jax.P())),
        model,
    )


def loss(mlp, x):
    return (mlp(x) ** 2).mean()


def test_auto_axes(mlp, x, assert_close):
    mesh = make_mesh(AxisType.Auto)
    where = shardings(mlp, mesh)
    sharded = jax.device_put(mlp, where)
    batch = jax.device_put(x, jax.NamedSharding(mesh, jax.P("data")))
    assert sharded.layers[0].kernel.addressable_shards[0].data.shape == (3, 8)

    step = jax.jit(
        lambda mlp, x: jax.tree.map(lambda p, g: p - 0.1 * g, mlp, jax.grad(loss)(mlp, x)),
        out_shardings=where,
    )
    updated = step(sharded, batch)
    assert updated.layers[0].kernel.sharding == where.layers[0].kernel
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, mlp, jax.grad(loss)(mlp, x))
    assert_close(jax.device_get(updated), jax.device_get(expected))


def test_explicit_axes(mlp, x, assert_close):
    """A contraction over a sharded axis must say what comes out; `dot_general=` says it."""
    mesh = make_mesh(AxisType.Explicit)
    with jax.set_mesh(mesh):
        out = functools.partial(jax.lax.dot_general, out_sharding=jax.P("data", None))
        explicit = jm.copy(mlp)
        explicit.layers[2].dot_general = out
        sharded = jax.device_put(explicit, shardings(explicit, mesh))
        batch = jax.device_put(x, jax.P("data"))
        assert jax.typeof(jax.jit(sharded.layers[0])(batch)).sharding.spec == jax.P("data", "model")
        value, grads = jax.jit(jax.value_and_grad(loss))(sharded, batch)
        assert jax.typeof(grads.layers[0].kernel).sharding.spec == jax.P(None, "model")
    expected_value, expected = jax.value_and_grad(loss)(mlp, x)
    assert jnp.isclose(jax.device_get(value), expected_value, rtol=1e-5)
    assert_close(jax.tree.leaves(jax.device_get(grads)), jax.tree.leaves(jax.device_get(expected)))


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_a_model_with_state_over_a_sharded_batch(model, x, kind, assert_close):
    """BatchNorm sees the whole batch: no axis name is needed under `jit`."""
    mesh = make_mesh(kind)

    @jax.jit
    def call(model, x):
        y = model(x)
        return y, model

    model.layers[3].rate = 0.0
    expected = call(model, x)
    with jax.set_mesh(mesh):
        moved = call(
            jax.device_put(model, jax.NamedSharding(mesh, jax.P())),
            jax.device_put(x, jax.NamedSharding(mesh, jax.P("data"))),
        )
    assert_close(_plain(moved), _plain(expected))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_dropout_over_a_sharded_batch(kind, assert_close):
    """Flax makes a mask without sharding, which Explicit axes refuse: leave them to XLA there."""

    def call(dropout, x):
        y = dropout(x)
        return y, dropout

    expected = call(jm.Dropout(0.5).init(0), jnp.ones((8, 64)))
    mesh = make_mesh(kind)
    with jax.set_mesh(mesh):
        if kind is AxisType.Explicit:
            call = jax.sharding.auto_axes(call, out_sharding=(jax.P("data"), jax.P()))
        x = jax.device_put(jnp.ones((8, 64)), jax.NamedSharding(mesh, jax.P("data")))
        moved = jax.jit(call)(jm.Dropout(0.5).init(0), x)
    assert_close(_plain(moved), _plain(expected))


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_init_under_jit_makes_sharded_parameters(mlp, x, kind, assert_close):
    """No device ever holds the whole model."""
    mesh = make_mesh(kind)
    make = lambda key: jm.Sequential(jm.Linear(16), jnp.tanh, jm.Linear(2)).init(key, x)  # noqa: E731
    key = jax.random.key(0)
    where = shardings(jax.eval_shape(make, key), mesh)
    made = jax.jit(make, out_shardings=where)(key)
    assert made.layers[2].kernel.addressable_shards[0].data.shape == (8, 2)
    assert_close(jax.device_get(made), jax.device_get(mlp))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_optimizer_keeps_the_sharding(mlp, x, kind, assert_close):
    optax = pytest.importorskip("optax", reason="optax is not installed")
    mesh = make_mesh(kind)
    expected_grads = jax.grad(loss)(mlp, x)
    expected = jm.Optimizer(optax.adam(1e-2)).init(mlp).update(expected_grads, mlp)
    with jax.set_mesh(mesh):
        where = shardings(mlp, mesh)
        sharded, grads = jax.device_put((mlp, expected_grads), (where, where))
        optimizer = jm.Optimizer(optax.adam(1e-2)).init(sharded)
        updated = optimizer.update(grads, sharded)
    mu = optimizer.opt_state[0].mu[".layers[0].kernel"]
    for array in (updated.layers[0].kernel, mu):
        assert array.sharding.is_equivalent_to(where.layers[0].kernel, 2)
    assert_close(jax.device_get(updated), jax.device_get(expected))


def _plain(tree):
    """On the host, and keys as their data: `device_get` takes no typed keys."""
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)  # noqa: E731
    data = [jax.random.key_data(x) if is_key(x) else x for x in jax.tree.leaves(tree)]
    return jax.device_get(data)
