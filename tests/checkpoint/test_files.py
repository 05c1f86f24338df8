"""`save` and `load`: one file, or shards with an index."""

import json
import os
import stat

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors
import safetensors.numpy

import jax_metrics as jm
from jax_metrics.checkpoint import read_metadata, rename

TREE = {
    "model": jm.Sequential(jm.Linear(4), jm.Dropout(0.5)).init(0, jnp.ones((1, 3))),
    "numbers": (1.5, True, 3, 2j),
    "empty": jnp.ones((0, 3)),
    "scalar": jnp.float32(3),
    "key": jax.random.split(jax.random.key(1, impl="rbg"), 3),
}
DTYPES = (
    "bool int4 uint4 int8 uint16 int32 uint64 float16 bfloat16 float32 float64 complex64".split()
)
DTYPES += "complex128 float8_e4m3fn float8_e5m2 float8_e4m3b11fnuz float8_e8m0fnu".split()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def files(path):
    return sorted(os.listdir(path.parent))


@pytest.mark.parametrize("shard_size", [None, 40, 1])
def test_a_round_trip_changes_nothing(path, shard_size):
    jm.save(path, TREE, shard_size=shard_size)
    for source in (path, path.parent):
        loaded = jm.load(source, like=TREE)
        assert jax.tree.structure(loaded) == jax.tree.structure(TREE) and jm.equal(loaded, TREE)
    assert jm.equal(jm.load(path, like=jax.eval_shape(lambda: TREE["model"]), strict=False)[0],
                    jax.eval_shape(lambda: TREE["model"]))  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(path, dtype):
    tree = {"a": np.array([[1, 0], [1, 1]]).astype(dtype), "b": np.zeros((0, 2), dtype)}
    jm.save(path, tree | {"c": np.ones((), dtype)})
    loaded = jm.load(path)
    assert {name: array.dtype for name, array in loaded.items()} == dict.fromkeys("abc", dtype)
    assert loaded["a"].tobytes() == tree["a"].tobytes()  # 0 is NaN in one of them
    assert loaded["b"].shape == (0, 2) and loaded["c"] == 1


def test_other_layouts_in_memory(path):
    array = np.arange(6, dtype=">i4").reshape(2, 3)
    jm.save(path, {"swapped": array, "transposed": array.T})
    loaded = jm.load(path)
    np.testing.assert_array_equal(loaded["swapped"], array)
    np.testing.assert_array_equal(loaded["transposed"], array.T)


def test_without_a_tree_the_result_is_flat(path):
    jm.save(path, TREE)
    loaded = jm.load(path)
    assert list(loaded) == list(jm.state_dict(TREE))
    assert loaded["key"].dtype == TREE["key"].dtype
    assert isinstance(loaded["scalar"], np.ndarray) and loaded["scalar"].flags.writeable


def test_shapes_carry_shardings(path):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    sharding = jax.NamedSharding(mesh, jax.P("data"))
    array = np.arange(32, dtype=np.float32).reshape(16, 2)
    jm.save(path, {"a": array, "b": array[0]})
    like = {"a": jax.ShapeDtypeStruct((16, 2), jnp.float32, sharding=sharding)}
    loaded, left_out = jm.load(path, like, strict=False)
    assert left_out.unexpected == ("b",) and loaded["a"].sharding == sharding
    np.testing.assert_array_equal(loaded["a"], array)


def test_the_same_arguments_as_load_state_dict(path):
    jm.save(path, {"old": np.ones(2), "x.weight": np.zeros(3)})
    like = {"new": jnp.zeros(2), "kernel": jnp.ones(3)}
    with pytest.raises(jm.CheckpointError, match="model.safetensors does not fit the dict, w"):
        jm.load(path, like)
    rules = [rename("{*to}.weight", "{*to}.kernel"), rename("x.{a}", "{a}")]
    loaded = jm.load(path, like, rename={"old": "new"}, rules=rules, cast=True)
    assert loaded["new"].dtype == jnp.float32 and loaded["kernel"].sum() == 0
    assert set(jm.load(path, rename={"old": "new"}, rules=rules)) == set(like)


def test_metadata(path):
    assert not path.exists()
    jm.save(path, TREE, metadata={"epoch": "3", "note": 'a "quoted" line\n', "format": "np"})
    assert read_metadata(path) == {"epoch": "3", "note": 'a "quoted" line\n', "format": "np"}
    jm.save(path, TREE, metadata={"epoch": "4"}, shard_size=1)
    assert read_metadata(path) == {"epoch": "4"}


def test_the_package_reads_our_files(path):
    jm.save(path, TREE)
    loaded = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(loaded["model.layers.0.kernel"], TREE["model"].layers[0].kernel)
    with safetensors.safe_open(path, framework="np") as file:
        assert file.metadata()["format"] == "pt"


def test_we_read_the_files_of_the_package(path):
    safetensors.numpy.save_file({"a": np.arange(3)}, path, {"by": "hand"})
    np.testing.assert_array_equal(jm.load(path)["a"], np.arange(3))
    assert read_metadata(path) == {"by": "hand"}


def test_the_index_is_that_of_hugging_face(path):
    jm.save(path, {"a": np.ones(4), "b": np.ones(4), "c": np.ones(2)}, shard_size=48)
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert files(path) == [*shards, "model.safetensors.index.json"]
    index = json.loads((path.parent / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 80
    assert index["weight_map"] == {"a": shards[0], "b": shards[1], "c": shards[1]}
    del index["metadata"]  # as other libraries may write it
    (path.parent / "model.safetensors.index.json").write_text(json.dumps(index))
    assert set(jm.load(path)) == {"a", "b", "c"}


def test_old_files_go_when_the_new_ones_are_there(path):
    (path.parent / "model-x-00001-of-00001.safetensors").touch()  # somebody else's
    jm.save(path, TREE)
    before = jm.load(path)
    jm.save(path, {"a": np.ones(4), "b": np.ones(4)}, shard_size=1)
    assert len(files(path)) == 4 and not path.exists()
    first = set(files(path))
    jm.save(path, {"a": np.zeros(4), "b": np.ones(4)}, shard_size=1)
    assert len(files(path)) == 4 and len(first & set(files(path))) == 2
    assert jm.load(path)["a"].sum() == 0
    jm.save(path, TREE)
    assert files(path) == ["model-x-00001-of-00001.safetensors", "model.safetensors"]
    assert jm.load(path).keys() == before.keys()


def test_files_have_the_usual_permissions_and_links_stay(path):
    old = os.umask(0o027)
    try:
        jm.save(path, {"a": 1})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    link = path.with_name("latest.safetensors")
    link.symlink_to(path)
    jm.save(link, {"a": 2})
    assert link.is_symlink() and jm.load(path)["a"] == 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"metadata": {"epoch": 3}}, r"strings by name; got 'epoch': 3. Convert .* `json.dumps`"),
        ({"metadata": {"jax_metrics": "x"}}, "itself uses 'jax_metrics' in the metadata"),
        ({"shard_size": 0}, "`shard_size` is a number of bytes, at least 1; got 0"),
        ({"tree": {"__metadata__": 1}}, "reserves the name `__metadata__`"),
        ({"tree": {"a": "text"}}, "arrays and numbers only"),
        ({"tree": {"a": jax.ShapeDtypeStruct((), "int8")}}, "`a` has a shape, but no values"),
    ],
)
def test_what_cannot_be_saved(path, options, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.save(path, **({"tree": {"a": 1}} | options))
    assert files(path) == []


def test_paths_that_do_not_fit(path):
    with pytest.raises(jm.CheckpointError, match="is a folder. Name a file in it"):
        jm.save(path.parent, {"a": 1})
    with pytest.raises(jm.CheckpointError, match="could not be written.*unchanged: No such"):
        jm.save(path / "no" / "folder", {"a": 1})
    with pytest.raises(FileNotFoundError, match="model.safetensors"):
        jm.load(path.parent)


def test_a_file_that_is_replaced_while_it_is_read(path):
    from jax_metrics.checkpoint._file import File

    jm.save(path, {"a": 1})
    file = File(path)
    jm.save(path, {"a": 1})
    with pytest.raises(jm.CheckpointError, match="safetensors was replaced meanwhile: load it ag"):
        file.read("a", verify=False)


@pytest.mark.parametrize("dtype", ["float32", "int4"])
@pytest.mark.parametrize("spec", [None, jax.P(), jax.P("data")])
def test_the_arrays_do_not_use_the_memory_of_the_file(path, dtype, spec):
    array = np.ones((8, 64)).astype(dtype)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    sharding = None if spec is None else jax.NamedSharding(mesh, spec)
    like = {"a": jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=sharding)}
    for size in range(0, 64, 8):  # the array begins at each address that is possible
        jm.save(path, {"a": array}, metadata={"padding": "x" * size})
        loaded = jm.load(path, like=like)["a"]
        with open(path, "r+b") as file:  # what `save` never does
            file.seek(-array.nbytes, os.SEEK_END)
            file.write(bytes(array.nbytes))
        np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize("name", ["safetensors", "xxhash"])
def test_a_missing_package_is_named_with_the_extra(path, monkeypatch, name):
    monkeypatch.setitem(__import__("sys").modules, name, None)
    text = rf"need the package {name}: `pip install 'jax-metrics\[checkpoint\]'`"
    with pytest.raises(ImportError, match=text):
        jm.save(path, {"a": 1})
    assert files(path) == []


class Scale(jm.Module):
    """A module that makes its arrays itself, and needs no `init`."""

    factor: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.factor = jnp.ones(3)
        self.activation = jm.Lambda(jax.nn.relu)


def test_a_module_without_arrays_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(jm.CheckpointError, match="Not initialized: the Sequential at tree.a. Call"):
        jm.save(path, {"a": jm.Sequential(jm.Linear(2)), "b": jnp.ones(2)})
    assert not path.exists()
    jm.save(path, Scale())
    assert list(jm.load(path)) == ["factor"]
    with jm.Checkpointer(tmp_path / "steps") as checkpoints:
        checkpoints.save(0, model=Scale())
        assert checkpoints.restore()["model"]["factor"].tolist() == [1, 1, 1]
