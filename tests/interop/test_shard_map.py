"""jax.shard_map: data-parallel steps over eight devices equal those of one."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.fixture(params=["auto", "explicit"])
def mesh(request):
    kind = {"auto": jax.sharding.AxisType.Auto, "explicit": jax.sharding.AxisType.Explicit}
    return jax.make_mesh((8,), ("data",), axis_types=(kind[request.param],))


@pytest.fixture
def batch(mesh):
    batch = jax.random.normal(jax.random.key(3), (32, 3))
    return jax.device_put(batch, jax.NamedSharding(mesh, jax.P("data")))


def test_batch_norm_synchronizes(mesh, batch, assert_close):
    @jax.jit
    @jax.shard_map(mesh=mesh, in_specs=(jax.P(), jax.P("data")), out_specs=(jax.P("data"), jax.P()))
    def call(norm, x):
        y = norm(x)
        return y, norm

    plain = jax.device_get(batch)
    norm = jm.BatchNorm(axis_name="data", momentum=0.9).init(0, plain)
    y, moved = call(norm, batch)
    expected = (plain - plain.mean(0)) / jnp.sqrt(plain.var(0) + 1e-5)
    assert_close(jax.device_get(y), jax.device_get(expected))
    assert_close(jax.device_get(moved.mean), 0.1 * plain.mean(0))


@pytest.mark.slow
def test_gradient_equals_that_of_one_device(mesh, batch, assert_close):
    def make(axis_name=None):
        layers = jm.Linear(16), jm.BatchNorm(axis_name=axis_name), jax.nn.relu, jm.Linear(2)
        return jm.Sequential(*layers).init(0, jnp.ones((1, 3)))

    def loss(params, model, x):
        model = model.merge(params)
        return (model(x) ** 2).mean(), model

    @jax.jit
    @jax.shard_map(mesh=mesh, in_specs=(jax.P(), jax.P("data")), out_specs=jax.P())
    def step(model, x):
        def mean_loss(*args):
            value, model = loss(*args)
            return jax.lax.pmean(value, "data"), model

        return jax.value_and_grad(mean_loss, has_aux=True)(model.parameters(), model, x)

    (value, model), grads = jax.device_get(step(make("data"), batch))
    single = make()
    (expected, expected_model), expected_grads = jax.device_get(
        jax.value_and_grad(loss, has_aux=True)(single.parameters(), single, jax.device_get(batch))
    )
    assert jnp.isclose(value, expected, rtol=1e-5)
    assert_close(jax.tree.leaves(grads), jax.tree.leaves(expected_grads))
    assert_close(jax.tree.leaves(model), jax.tree.leaves(expected_model))


@pytest.mark.slow
def test_each_device_drops_its_own(mesh):
    @jax.jit
    @jax.shard_map(mesh=mesh, in_specs=(jax.P(), jax.P("data")), out_specs=(jax.P("data"), jax.P()))
    def call(dropout, x):
        shared, following = jm.iter_split(dropout.rng)
        dropout.rng = jax.random.fold_in(shared, jax.lax.axis_index("data"))
        y = dropout(x)
        dropout.rng = following
        return y, dropout

    x = jax.device_put(jnp.ones((8, 64)), jax.NamedSharding(mesh, jax.P("data")))
    dropout = jm.Dropout(0.5).init(0)
    y, moved = call(dropout, x)
    assert len({tuple(row.tolist()) for row in jax.device_get(y)}) == 8
    assert (moved.rng != dropout.rng).any()


def test_a_module_sharded_by_a_module_of_specs(mesh, assert_close):
    """Rows of an embedding, one part on each device."""
    table = jm.Embed(16, 4).init(0, jnp.zeros(1, int))
    specs = jax.tree.map(lambda leaf: jax.P("data"), table)
    sharded = jax.device_put(table, jax.NamedSharding(mesh, jax.P("data")))

    @jax.jit
    @jax.shard_map(mesh=mesh, in_specs=(specs, jax.P()), out_specs=jax.P())
    def look_up(table, ids):
        first = jax.lax.axis_index("data") * 2
        local = ids - first
        inside = (local >= 0) & (local < 2)
        rows = jnp.where(inside[:, None], table.embedding[jnp.clip(local, 0, 1)], 0)
        return jax.lax.psum(rows, "data")

    ids = jnp.arange(16)[::3]
    assert_close(jax.device_get(look_up(sharded, ids)), jax.device_get(table(ids)))
