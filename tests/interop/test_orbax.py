"""orbax: models and optimizers saved, and restored into an abstract model of `jax.eval_shape`."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

optax = pytest.importorskip("optax", reason="optax is not installed")
ocp = pytest.importorskip("orbax.checkpoint", reason="orbax-checkpoint is not installed")


def make(x, key=0):
    """A model and an optimizer as a program makes them anew after a restart."""
    layers = jm.Linear(16), jm.BatchNorm(), jax.nn.relu, jm.Dropout(0.5), jm.Linear(2)
    model = jm.Sequential(*layers).init(key, x)
    return model, jm.Optimizer(optax.adamw(1e-2)).init(model)


@jax.jit
def train_step(model, optimizer, x):
    def loss(params, model):
        model = model.merge(params)
        return (model(x) ** 2).mean(), model

    grads, model = jax.grad(loss, has_aux=True)(model.parameters(), model)
    return optimizer.update(grads, model), optimizer


@pytest.fixture
def trained(x):
    return train_step(*make(x), x)


@pytest.mark.slow
def test_standard_checkpointer_restores_into_an_abstract_model(trained, x, tmp_path, assert_same):
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", trained)
        checkpointer.wait_until_finished()
        abstract = jax.eval_shape(lambda: make(x, key=1))
        restored = checkpointer.restore(tmp_path / "state", abstract)
    assert_same(restored, trained)
    assert jnp.issubdtype(restored[0].layers[3].rng.dtype, jax.dtypes.prng_key)
    assert_same(train_step(*restored, x), train_step(*trained, x))


@pytest.mark.slow
def test_pytree_checkpointer_restores_when_told_where(trained, x, tmp_path, assert_same):
    """Without a sharding it would give numpy arrays, and typed keys as their data."""
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        jax.eval_shape(lambda: make(x, key=1)),
    )
    with ocp.PyTreeCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", trained)
        arguments = ocp.checkpoint_utils.construct_restore_args(abstract)
        restored = checkpointer.restore(tmp_path / "state", item=abstract, restore_args=arguments)
    assert_same(restored, trained)


def test_names_in_the_checkpoint_are_those_of_the_fields(trained, tmp_path):
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", trained[0])
        checkpointer.wait_until_finished()
        plain = checkpointer.restore(tmp_path / "state")
    assert set(plain["layers"][1]) == {"scale", "bias", "mean", "var"}
    assert (plain["layers"][1]["mean"] == trained[0].layers[1].mean).all()


def test_restores_into_another_sharding(trained, x, tmp_path):
    mesh = jax.make_mesh((8,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = lambda leaf: jax.P("model") if leaf.shape[:1] == (16,) else jax.P()  # noqa: E731
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(
            leaf.shape, leaf.dtype, sharding=jax.NamedSharding(mesh, spec(leaf))
        ),
        jax.eval_shape(lambda: make(x)[0]),
    )
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", trained[0])
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "state", abstract)
    kernel = restored.layers[4].kernel
    assert kernel.sharding.is_equivalent_to(jax.NamedSharding(mesh, jax.P("model")), 2)
    assert (kernel == trained[0].layers[4].kernel).all()


def test_keys_as_plain_data_for_formats_without_typed_keys(trained, x, tmp_path, assert_same):
    """The way where a format knows numbers only: `key_data` out, `wrap_key_data` in."""
    raw = jm.map(jax.random.key_data, trained[0], jm.Rng)
    abstract = jax.eval_shape(lambda: jm.map(jax.random.key_data, make(x)[0], jm.Rng))
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", raw)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "state", abstract)
    assert_same(jm.map(jax.random.wrap_key_data, restored, jm.Rng), trained[0])
