"""Trees on a mesh: arrays, shapes and files; under `jit`; and the table of what lies where."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jax_metrics as jm
from jax_metrics.sharding import describe, shard, shardings

mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)
RULES = {".*kernel": ("data", "model"), ".*bias": ("model",)}


def new_model():
    return jm.Linear(4).init(0, jnp.ones((1, 8)))


def new_run():
    """A model with all that trains along."""
    model = new_model()
    return {
        "model": model,
        "optimizer": jm.Optimizer(optax.adam(0.1)).init(model),
        "average": jm.ExponentialMovingAverage(model, 0.9),
        "accuracy": jm.metrics.Accuracy(),
        "step": jnp.asarray(3),
    }


def specs(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(path): x.sharding.spec for path, x in leaves if hasattr(x, "sharding")
    }


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_a_whole_run(kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)
    run = new_run()
    placed = shard(run, mesh, RULES)
    assert jm.equal(jax.device_get(run), jax.device_get(placed))
    found = specs(placed)
    assert found["['model'].kernel"] == P("data", "model")
    assert found["['optimizer'].opt_state[0].mu['.kernel']"] == P("data", "model")
    assert found["['average'].averages['.bias']"] == P("model")
    assert not any(any(spec) for path, spec in found.items() if "accuracy" in path)
    assert placed["model"].kernel.addressable_shards[0].data.shape == (2, 2)


def test_the_state_of_a_sharded_model_follows_it():
    model = shard(new_model(), mesh, RULES)
    state = jm.Optimizer(optax.adam(0.1)).init(model).opt_state[0]
    average = jm.ExponentialMovingAverage(model, 0.9)
    for path, value in [*state.mu.items(), *state.nu.items(), *average.averages.items()]:
        assert value.sharding == model.at[path].get().sharding


FOLLOWING = {
    "lbfgs": lambda: optax.scale_by_lbfgs(memory_size=5),
    "lbfgs of a group": lambda: jm.optim.groups(
        {".kernel": optax.chain(optax.clip(1.0), optax.scale_by_lbfgs(3)), ...: optax.adam(0.1)}
    ),
    "adafactor": lambda: optax.adafactor(0.1, min_dim_size_to_factor=2),
}


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
@pytest.mark.parametrize("name", FOLLOWING)
def test_state_of_another_shape_stays_where_init_put_it(name, kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)
    rules = {".*kernel": (None, "model"), ".*bias": None}
    model = shard(new_model(), mesh, rules)
    with jax.set_mesh(mesh):
        optimizer = jm.Optimizer(FOLLOWING[name]()).init(model)
    where = shardings((model, optimizer), mesh, rules)[1]
    expected = jax.tree.map(lambda leaf: leaf.sharding, optimizer)
    assert jax.tree.leaves(where) == jax.tree.leaves(expected)
    split = [leaf for leaf in jax.tree.leaves(where) if any(leaf.spec)]
    assert bool(split) == ("lbfgs" in name)


def test_a_history_in_an_ensemble():
    def members(key):
        model = jm.Linear(4).init(key, jnp.ones((1, 8)))
        return model, jm.Optimizer(optax.scale_by_lbfgs(memory_size=3)).init(model)

    rules = {".*kernel": (None, "model"), ".*bias": None, ".*": None}
    shapes = jax.eval_shape(jax.vmap(members), jax.random.split(jax.random.key(0), 4))
    _, optimizer = shardings(shapes, mesh, rules, leading=("data",))
    assert optimizer.opt_state.diff_params_memory[".kernel"].spec == P("data", None, None, "model")
    assert optimizer.opt_state.diff_params_memory[".bias"].spec == P("data", None)
    assert optimizer.opt_state.params[".kernel"].spec == P("data", None, "model")


def test_numpy_arrays_numbers_and_shapes():
    placed = shard({"w": np.ones((8, 4)), "n": 3}, mesh, {r"\['w'\]": ("data", None)})
    assert placed["w"].sharding.spec == P("data")
    assert placed["n"] == 3
    shapes = shard(jax.eval_shape(new_model), mesh, RULES)
    assert isinstance(shapes.kernel, jax.ShapeDtypeStruct)
    assert shapes.kernel.sharding == NamedSharding(mesh, P("data", "model"))


def test_shardings_have_the_structure_of_the_tree():
    run = jax.eval_shape(new_run)
    where = shardings(run, mesh, RULES)
    assert jax.tree.structure(where) == jax.tree.structure(run)
    made = jax.jit(new_run, out_shardings=where)()
    assert made["model"].kernel.sharding == where["model"].kernel


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_under_jit_it_keeps_the_sharding(kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)
    rules = {".*kernel": ("data", "model"), ".*bias": None}

    @jax.jit
    def added(model):
        # XLA alone would split the bias, too.
        return shard(model.replace(bias=model.bias + model.kernel.sum(axis=0)), mesh, rules)

    model = shard(new_model(), mesh, rules)
    result = added(added(model))
    for name in ("kernel", "bias"):
        before, after = getattr(model, name), getattr(result, name)
        assert after.sharding.is_equivalent_to(before.sharding, after.ndim)
    assert added._cache_size() == 1
    np.testing.assert_allclose(result.bias, 2 * model.kernel.sum(axis=0), rtol=1e-6)


def test_files(tmp_path):
    rules = {".*kernel": ("data", None), ".*bias": None}
    run = shard(new_run(), mesh, RULES)
    jm.save(tmp_path / "run.safetensors", run)
    like = shard(jax.eval_shape(new_run), mesh, rules)  # another layout
    read = jm.load(tmp_path / "run.safetensors", like=like)
    assert jm.equal(jax.device_get(run), jax.device_get(read))
    assert read["model"].kernel.sharding.spec == P("data")
    assert read["optimizer"].opt_state[0].mu[".kernel"].sharding.spec == P("data")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (jax.devices(), r"got \[.*\(list\)\. Make one, as in `jax.make_mesh\("),
        (jax.devices()[0], r"got the device .*\. Make one, as in `jax.make_mesh\("),
        (NamedSharding(mesh, P()), "Give that of the sharding, `sharding.mesh`"),
    ],
)
def test_what_is_no_mesh(given, text):
    model = jm.nn.SelfAttention(2)
    for call in (
        lambda: shard(model, given, RULES),
        lambda: shardings(model, given, RULES),
        lambda: jm.sharding.init(jm.Linear(4), 0, jnp.ones((1, 8)), given, RULES),
        lambda: jm.sharding.fsdp(given),
        lambda: jm.sharding.tensor_parallel(given, model),
        lambda: jm.sharding.activations(model, given, {"heads": "model"}),
    ):
        with pytest.raises(TypeError, match=f"`mesh` expected a `jax.sharding.Mesh`; .*{text}"):
            call()


def test_describe():
    run = shard(new_run(), mesh, {".*kernel": (None, "model"), ".*bias": None})
    del run["optimizer"], run["average"]
    table = describe(run, threshold=4)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines()]
    rows = {row[0]: row[1:] for row in rows if len(row) == 5}
    assert rows["['model'].kernel"] == ["float32[8,4]", "(None, model)", "128 B", "64 B"]
    assert rows["['model'].bias"] == ["float32[4]", "whole on 8 devices", "16 B", "16 B"]
    _, _, total, on_device = rows["total"]
    assert int(total.split()[0]) - int(on_device.split()[0]) == 64
    large = table.splitlines()[table.splitlines().index("Large, and whole on each device:") :]
    assert "  ['model'].bias (16 B)" in large
    assert not [line for line in large if "kernel" in line]


def test_describe_shapes_on_explicit_axes():
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(AxisType.Explicit,) * 2)
    model = shard(new_model(), mesh, {".*kernel": (None, "model"), ".*bias": None})
    shapes = jax.eval_shape(lambda model: model, model)
    assert describe(shapes, threshold=4) == describe(model, threshold=4)


def test_describe_other_arrays():
    one = jnp.ones((600, 2))
    table = describe({"one": one, "shape": jax.ShapeDtypeStruct((3,), "int8"), "text": "x"})
    assert "on cpu:0" in table and "nowhere yet" in table and "4.8 KB" in table
    assert "text" not in table and "Large" not in table
