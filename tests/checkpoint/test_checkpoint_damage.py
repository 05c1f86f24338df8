"""Damaged checkpoints: what is restored is what was saved, or there is an error."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

STATE = {
    "model": {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": jnp.bfloat16(3)},
    "key": jax.random.key(0),
    "config": {"lr": 0.1, "layers": [1, 2]},
}


@pytest.fixture
def folder(tmp_path):
    with jm.Checkpointer(tmp_path / "run") as checkpoints:
        checkpoints.save(1, epoch=1)
        checkpoints.save(2, **STATE)
    return tmp_path / "run"


@pytest.fixture
def reader(folder):
    with jm.Checkpointer(folder, read_only=True) as reader:
        yield reader


def files_in(folder):
    return sorted(path for path in (folder / "2").rglob("*") if path.is_file())


def same(restored):
    a, b = restored["model"]["a"], restored["model"]["b"]
    return (
        (a.dtype, a.shape, a.tobytes()) == (np.float32, (2, 3), STATE["model"]["a"].tobytes())
        and (b.dtype, b.shape, float(b)) == (jnp.bfloat16, (), 3.0)
        and restored["key"].dtype == STATE["key"].dtype
        and bool(restored["key"] == STATE["key"])
        and restored["config"] == STATE["config"]
    )


def refused(reader):
    """Whether the checkpoint is refused; if not, it must be restored right."""
    try:
        restored = reader.restore(step=2)
    except jm.CheckpointError as error:
        assert "Step 2 of /" in str(error) and "is damaged, or cannot be read" in str(error)
        assert str(error).endswith("Other steps there: 1.")
        return True
    assert same(restored)
    return False


@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_every_byte_flipped_or_cut(folder, reader, every):
    assert not refused(reader)
    outcomes = []
    for path in files_in(folder):
        data = path.read_bytes()
        for i in range(0, len(data), every):
            path.write_bytes(data[:i] + bytes([data[i] ^ (1 << i % 8)]) + data[i + 1 :])
            outcomes.append(refused(reader))
            if i % 3 == 0:
                path.write_bytes(data[:i])
                outcomes.append(refused(reader))
        path.write_bytes(data)
    assert 0.2 < np.mean(outcomes) < 0.9  # orbax has files that it does not need
    assert not refused(reader)


@pytest.mark.slow
def test_every_file_deleted_by_hand(folder, reader):
    outcomes = {}
    for path in [*files_in(folder), folder / "2" / "arrays", folder / "2" / "contents"]:
        kept = path.rename(folder / "kept")
        outcomes[path.relative_to(folder / "2").parts[0]] = refused(reader)
        with jm.Checkpointer(folder) as checkpoints:  # others can be used as before
            assert checkpoints.steps() == [1, 2]
            assert checkpoints.restore(step=1) == {"epoch": 1}
        kept.rename(path)
    assert outcomes["arrays"] and outcomes["contents"]
    shutil.rmtree(folder / "2")
    (folder / "2").mkdir()
    assert refused(reader)


def test_the_error_names_the_array(tmp_path):
    state = {"model": {"a": np.arange(2000.0), "b": np.ones(2000)}, "c": np.ones(3)}
    with jm.Checkpointer(tmp_path) as checkpoints:
        checkpoints.save(2, **state)
        checkpoints.wait()
        needle, other = state["model"]["a"].tobytes(), state["model"]["a"][::-1].tobytes()
        (path,) = [path for path in files_in(tmp_path) if needle in path.read_bytes()]
        path.write_bytes(path.read_bytes().replace(needle, other))
        with pytest.raises(jm.CheckpointError, match="the checksums of `model.a` do not fit"):
            checkpoints.restore()
        with pytest.raises(jm.CheckpointError, match="`model.a`"):
            checkpoints.restore({"model": state["model"]})
        assert checkpoints.restore({"c": state["c"]})["c"].all()
        assert checkpoints.restore(verify=False)["model"]["a"][0] == 1999


def test_damaged_steps_do_not_hinder_the_next_ones(tmp_path):
    with jm.Checkpointer(tmp_path, keep=2, best=("a", "max")) as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, values={"a": step}, x=jnp.ones(2))
        assert checkpoints.steps() == [2, 3]
    (tmp_path / "3" / "contents" / "metadata").write_bytes(b"{")
    with jm.Checkpointer(tmp_path, keep=1, best=("a", "max")) as checkpoints:
        with pytest.raises(jm.CheckpointError, match="Step 3 of .* is damaged"):
            checkpoints.restore(step="best")
        checkpoints.save(4, values={"a": 0}, x=jnp.ones(2))
        assert checkpoints.steps() == [2, 4]
        assert checkpoints.restore(step="best")["x"].all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"version": 9}, "a later version of jax_metrics wrote it: update the library"),
        ({"arrays": 3}, "'int' object has no attribute 'items'"),
        ({"arrays": {"model.a": {"shape": [2, 3]}}}, "'dtype'"),
    ],
)
def test_foreign_contents_with_a_good_checksum(folder, reader, changes, text):
    from jax_metrics.checkpoint._contents import _signature

    path = folder / "2" / "contents" / "metadata"
    contents = json.loads(path.read_bytes())["contents"] | changes
    path.write_text(json.dumps({"checksum": _signature(contents), "contents": contents}))
    with pytest.raises(jm.CheckpointError, match=text):
        reader.restore(step=2)
    path.write_text("[]")
    with pytest.raises(jm.CheckpointError, match="its table of contents is not one of this lib"):
        reader.restore(step=2)
    path.write_text(json.dumps({"checksum": "0", "contents": contents}))
    with pytest.raises(jm.CheckpointError, match="the checksum of its table of contents does not"):
        reader.restore(step=2)
