"""Checkpoints continue bit for bit, wherever and into whatever they are restored."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


def make_model(seed=0, rate=0.5):
    return jm.Sequential(jm.Linear(4), jm.BatchNorm(), jm.Dropout(rate), jm.Linear(2)).init(seed, X)


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture
def checkpoints(tmp_path):
    with jm.Checkpointer(tmp_path / "run") as checkpoints:
        yield checkpoints


def bits(tree):
    """The bytes of all leaves, with their types, dtypes, shapes, weak types and keys."""
    result = []
    for leaf in jax.tree.leaves(tree):
        weak, key = getattr(leaf, "weak_type", False), None
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            key, leaf = str(jax.random.key_impl(leaf)), jax.random.key_data(leaf)
        array = np.asarray(leaf)
        result.append((type(leaf), array.dtype, array.shape, array.tobytes(), weak, key))
    return result


ARRAYS = {
    "float32": jnp.array([1.5, -0.0, jnp.nan, jnp.inf, 1e-45]),
    "scalar": jnp.float32(3),
    "weak": jnp.asarray(0.1),
    "weak array": jnp.broadcast_to(jnp.asarray(2), (3,)),
    "bfloat16": jnp.arange(6, dtype=jnp.bfloat16).reshape(2, 3),
    "float8": jnp.arange(3).astype(jnp.float8_e4m3fn),
    "rare float8": jnp.arange(3).astype(jnp.float8_e5m2fnuz),
    "int4": jnp.arange(-3, 3).astype(jnp.int4),
    "bool": jnp.array([True, False]),
    "complex": jnp.array([1 + 2j]),
    "empty": jnp.zeros((0, 3), jnp.bfloat16),
    "numpy": np.arange(4, dtype=np.float64)[::2],
    "numpy scalar": np.int64(2**62),
    "big-endian": np.arange(3, dtype=">i4").astype("i4"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "key": jax.random.key(1),
    "rbg": jax.random.split(jax.random.key(2, impl="rbg"), 3),
    "legacy key": jax.random.PRNGKey(3),
    "a/b.c": {"/": {"%2F": jnp.ones(1)}},
}


def test_every_kind_of_array_comes_back(checkpoints):
    checkpoints.save(1, arrays=ARRAYS)
    zeros = jax.tree.map(lambda leaf: leaf, ARRAYS)
    restored = checkpoints.restore({"arrays": zeros})["arrays"]
    assert jax.tree.structure(restored) == jax.tree.structure(ARRAYS)
    assert bits(restored) == bits(ARRAYS)
    shapes = jax.eval_shape(lambda: {k: v for k, v in ARRAYS.items() if isinstance(v, jax.Array)})
    restored, left_out = checkpoints.restore({"arrays": shapes}, strict=False)
    assert bits(restored["arrays"]) == bits({name: ARRAYS[name] for name in shapes})
    assert len(left_out.unexpected) == 5


PLAIN = {
    "config": {"lr": 0.1, "layers": [1, 2, {}], "name": "ä\ud800\n", "size": (2, (), None)},
    "epoch": 3,
    "big": 2**100,
    "floats": [float("inf"), -0.0, 5e-324, 1e308],
    "flags": [True, None],
    "bytes": [b"", bytes(range(256))],
    "numpy": np.random.default_rng(0).bit_generator.state,
}


def test_plain_values_come_back(checkpoints):
    checkpoints.save(1, **PLAIN)
    for restored in (checkpoints.restore(dict.fromkeys(PLAIN)), checkpoints.restore()):
        assert restored == PLAIN
        assert all(repr(restored[name]) == repr(PLAIN[name]) for name in PLAIN)
        assert type(restored["config"]["size"][1]) is tuple and type(restored["flags"][0]) is bool


def test_plain_values_among_arrays(checkpoints):
    state = np.random.MT19937(3).state
    assert isinstance(state["state"]["key"], np.ndarray)
    data = {"generator": state, "key": jax.random.key(1), "files": ("a", [jnp.ones(2), None])}
    checkpoints.save(1, data=data)
    like = {
        "generator": np.random.MT19937(0).state,
        "key": jax.random.key(2),
        "files": ("", [jnp.zeros(2), None]),
    }
    restored = checkpoints.restore({"data": like})["data"]
    assert bits(restored) == bits(data)
    assert restored["generator"]["bit_generator"] == "MT19937" and restored["files"][0] == "a"
    assert like["files"][0] == "" and not like["files"][1][0].any()  # unchanged


def test_training_continues_bit_for_bit(checkpoints, model):
    def loss(model, x):
        return jnp.mean(model(x) ** 2)

    traces = []

    @jax.jit
    def step(model, optimizer, metric, key):
        traces.append(1)
        key, noise = jax.random.split(key)
        (value, model), grads = jm.value_and_grad(loss)(model, jax.random.normal(noise, X.shape))
        return optimizer.update(grads, model), optimizer, metric.update(value), key

    schedule = optax.inject_hyperparams(optax.adam)(optax.linear_schedule(0.1, 0.01, 9))
    optimizer = jm.Optimizer(schedule).init(model)
    names = ("model", "optimizer", "metric", "key")
    first = (model, optimizer, jm.metrics.Mean(), jax.random.key(5, impl="rbg"))
    state = step(*first)
    checkpoints.save(1, **dict(zip(names, state, strict=True)))
    restored = tuple(checkpoints.restore(dict(zip(names, first, strict=True))).values())
    for _ in range(2):
        state, restored = step(*state), step(*restored)
        assert bits(state) == bits(restored)
    assert len(traces) == 1  # the types are the same, too


def test_settings_are_those_of_like(checkpoints, model):
    checkpoints.save(1, model=model, metric=jm.metrics.Mean(name="a"))
    other = make_model(1, rate=0.1).eval()
    restored = checkpoints.restore({"model": other, "metric": jm.metrics.Mean(name="b")})
    assert not restored["model"].training and restored["model"].layers[2].rate == 0.1
    assert restored["metric"].name == "b"
    assert bits(restored["model"]) == bits(model)
    assert bits(other) != bits(model)  # it was not changed


def test_without_like_there_are_nested_dicts(checkpoints, model):
    optimizer = jm.Optimizer(optax.adam(0.1)).init(model)
    checkpoints.save(
        7, model=model, optimizer=optimizer, key=jax.random.key(1), none=optax.EmptyState()
    )
    restored = checkpoints.restore(step=7)
    kernel = restored["model"]["layers"]["0"]["kernel"]
    assert type(kernel) is np.ndarray and np.array_equal(kernel, model.layers[0].kernel)
    assert restored["optimizer"]["opt_state"]["0"]["mu"]["layers"]["3"]["bias"].shape == (2,)
    assert jnp.issubdtype(restored["key"].dtype, jax.dtypes.prng_key) and restored["none"] == {}


def test_a_part_of_the_items(checkpoints, model):
    checkpoints.save(1, model=model, other=jnp.ones(3), epoch=4)
    restored = checkpoints.restore({"model": make_model(1), "epoch": 0})
    assert list(restored) == ["model", "epoch"] and restored["epoch"] == 4
    assert bits(restored["model"]) == bits(model)


def sharding(shape, names, spec):
    devices = np.array(jax.devices()[: np.prod(shape)]).reshape(shape)
    return jax.NamedSharding(jax.sharding.Mesh(devices, names), jax.P(*spec))


@pytest.mark.parametrize(
    "after",
    [
        sharding((8,), ("x",), ("x",)),
        sharding((2, 2), ("x", "y"), ("y", "x")),
        sharding((3,), ("x",), ()),
        jax.sharding.SingleDeviceSharding(jax.devices()[5]),
    ],
)
def test_another_mesh_or_number_of_devices(checkpoints, after):
    array = jnp.arange(32.0).reshape(8, 4)
    checkpoints.save(1, a=jax.device_put(array, sharding((4, 2), ("x", "y"), ("x", "y"))))
    shape = jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=after)
    for like in (shape, jax.device_put(jnp.zeros((8, 4)), after)):
        restored = checkpoints.restore({"a": like})["a"]
        assert restored.sharding == after and np.array_equal(restored, array)


def test_all_misfits_are_in_one_error(checkpoints, model):
    values = {"x": jnp.ones(2), "y": jnp.ones(2), "z": 1}
    checkpoints.save(3, model=model, a=values, b=jnp.ones(3), key=jax.random.key(0))
    like = {
        "model": make_model().replace(layers=make_model().layers[:3]),
        "a": {"x": jnp.ones(2, jnp.bfloat16), "yy": jnp.ones(2), "z": jnp.ones(())},
        "b": jnp.ones(4),
        "c": 3,
        "key": jax.random.key(0, impl="rbg"),
    }
    before = bits(like["model"])
    with pytest.raises(jm.CheckpointError) as info:
        checkpoints.restore(like)
    text = str(info.value)
    for part in (
        "Step 3 of ",
        "with the items a, b, key, model, does not fit the dict, which was not changed",
        "missing: `a.yy`",
        "unexpected: `a.y` (shape (2,), float32). Did you mean `a.yy`?",
        "unexpected: `model.layers.3.bias`",
        "dtype: `a.x`: the tree has shape (2,), bfloat16, the state shape (2,), float32",
        "type: `a.z`: the tree has shape (), float32, the state the plain value 1",
        "shape: `b`: the tree has shape (4,)",
        "missing: `c` (the plain value 3)",
        "dtype: `key`: the tree has shape (), key<rbg>, the state shape (), key<fry>",
        "`cast=True`",
    ):
        assert part in text
    assert bits(like["model"]) == before
    restored, left_out = checkpoints.restore(like, strict=False)
    assert restored["c"] == 3 and left_out.missing == ("a.yy", "c")
    renamed = checkpoints.restore(
        {"b": {"new": jnp.zeros(3, jnp.bfloat16)}}, rename={"b": "b.new"}, cast=True
    )
    assert renamed["b"]["new"].dtype == jnp.bfloat16 and renamed["b"]["new"].all()


@pytest.mark.slow
def test_which_steps_are_kept(tmp_path):
    with jm.Checkpointer(tmp_path, keep=2, best=("val/loss", "min"), every=2) as checkpoints:
        losses = {2: 5.0, 4: float("nan"), 6: 1.0, 8: 2.0, 10: 1.0, 12: 3.0, 14: 4.0}
        for step in range(1, 15):
            values = {"val/loss": losses.get(step, 0.0)}
            assert checkpoints.save(step, values=values, a=step) == (step % 2 == 0)
            if step == 8:
                assert checkpoints.steps() == [6, 8]
        assert checkpoints.steps() == [10, 12, 14]
        assert checkpoints.save(15, values={"val/loss": 9}, force=True, a=jnp.ones(2))
        assert checkpoints.restore(step="latest")["a"].shape == (2,)
        assert (
            checkpoints.restore(step="best") == checkpoints.restore({"a": 0}, step=10) == {"a": 10}
        )
    with jm.Checkpointer(tmp_path, keep=1, best=("val/loss", "min")) as checkpoints:
        assert checkpoints.steps() == [10, 14, 15]
        checkpoints.save(16, values={"val/loss": 0.5}, a=0)
        assert checkpoints.steps() == [16]
        assert checkpoints.restore(step="best") == {"a": 0}
    with jm.Checkpointer(tmp_path, keep=None, best=("val/accuracy", "max")) as checkpoints:
        for step, value in ((17, 1), (18, jnp.float32(2)), (20, np.float64(1.5))):
            checkpoints.save(step, values={"val/accuracy": value}, a=step)
        assert checkpoints.restore(step="best") == {"a": 18}
        checkpoints.delete(18)
        assert checkpoints.steps() == [16, 17, 20]
        assert checkpoints.restore(step="best") == {"a": 20}
        checkpoints.delete(20)
        checkpoints.save(18, values={"val/accuracy": 0}, a="again")
        assert checkpoints.restore() == {"a": "again"}


def test_a_reader_sees_what_a_writer_saves(tmp_path):
    with (
        jm.Checkpointer(tmp_path, keep=1, best=("a", "max"), asynchronous=False) as writer,
        jm.Checkpointer(tmp_path, read_only=True, best=("a", "max")) as reader,
    ):
        for step, value in ((1, 3), (2, 1), (3, 4)):
            writer.save(step, values={"a": value}, a=step)
            assert reader.restore() == {"a": step}
            assert reader.restore(step="best") == {"a": 3 if value == 4 else 1}
        assert reader.steps() == writer.steps() == [3]
        for call in (lambda: reader.save(4, a=1), lambda: reader.delete(3)):
            with pytest.raises(jm.CheckpointError, match="was opened with `read_only=True`"):
                call()
    assert sorted(os.listdir(tmp_path)) == [".lock", "3"]


def test_other_tools_find_the_arrays(tmp_path, model):
    import orbax.checkpoint as ocp

    with jm.Checkpointer(tmp_path) as checkpoints:
        checkpoints.save(2, model=model)
    with ocp.PyTreeCheckpointer() as reader:
        arrays = reader.restore(tmp_path / "2" / "arrays")
    assert np.array_equal(arrays["model.layers.0.kernel"], model.layers[0].kernel)
