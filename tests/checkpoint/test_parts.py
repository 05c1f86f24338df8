"""Steps that several processes have written; here, threads that stand for them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import _step_files
from jax_metrics.checkpoint._encoding import encoded
from jax_metrics.checkpoint._folder import Folder
from jax_metrics.checkpoint._part_files import part_path
from jax_metrics.checkpoint._pieces import Piece, is_needed, own_parts, regions_of
from jax_metrics.checkpoint._processes import Processes
from jax_metrics.checkpoint._snapshot import Snapshot
from jax_metrics.checkpoint._step_files import StepFiles

COUNT = 3
WHOLE = np.arange(24.0, dtype=np.float32).reshape(6, 4)


class Threads(Processes):
    """A process of `COUNT`, in a thread."""

    def __init__(self, index, barrier):
        super().__init__(alone=True)
        self.index, self.count, self.is_main = index, COUNT, index == 0
        self.barrier = barrier

    def wait(self):
        self.barrier.wait()


def snapshot_of(index, has_piece):
    """What a process has: two rows of an array, and, if it is the first one, all of another."""
    arrays, pieces = {}, {}
    if has_piece:
        name, first = f"item.w.{2 * index}-0", 2 * index
        arrays[name] = encoded(WHOLE[first : first + 2])
        pieces[name] = Piece("item.w", (first, 0), WHOLE.shape)
    if index == 0:
        arrays["item.b"] = encoded(np.arange(3))
    return Snapshot(["epoch", "item"], arrays, pieces, {"epoch": 7}, {})


def write(path, step=1, pieces=range(COUNT)):
    """Writes a step by all processes; returns their errors."""
    barrier = threading.Barrier(COUNT)
    alone = Processes(alone=True)

    def process(index):
        folder = Folder(path, index != 0, alone)
        try:
            files = StepFiles(folder, Threads(index, barrier))
            files.write(step, snapshot_of(index, index in pieces), {"loss": 1.0})
        except jm.CheckpointError as error:
            return str(error)
        finally:
            folder.release()

    path.mkdir(exist_ok=True)
    with ThreadPoolExecutor(COUNT) as pool:
        return list(pool.map(process, range(COUNT)))


def restore(path, like=None, **options):
    with jm.Checkpointer(path, read_only=True, best=("loss", "min")) as checkpoints:
        return checkpoints.restore(like, step="best", **options)


def test_parts_are_one_checkpoint(tmp_path):
    assert write(tmp_path) == [None] * COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "1"]
    found = restore(tmp_path)
    assert found["epoch"] == 7 and found["item"]["b"].tolist() == [0, 1, 2]
    assert found["item"]["w"].tobytes() == WHOLE.tobytes()
    assert restore(tmp_path, {"epoch": None}) == {"epoch": 7}
    mesh = jax.make_mesh((2, 4), ("a", "b"), axis_types=(jax.sharding.AxisType.Auto,) * 2)
    sharding = jax.NamedSharding(mesh, jax.P("a", "b"))
    like = {"item": {"w": jax.ShapeDtypeStruct((6, 4), "float32", sharding=sharding)}}
    found, left_out = restore(tmp_path, like, strict=False)
    assert found["item"]["w"].sharding == sharding and left_out.unexpected == ("item.b",)
    assert np.asarray(found["item"]["w"]).tobytes() == WHOLE.tobytes()
    # The next step may be written by one process, and the folder is used as before.
    with jm.Checkpointer(tmp_path, keep=1) as checkpoints:
        checkpoints.save(2, item={"w": WHOLE})
        assert checkpoints.steps() == [2]


def test_a_part_that_fails(tmp_path, monkeypatch):
    def write_part(path, arrays, contents):
        if path == part_path(path.parent, 1):
            raise OSError("the disk is full")
        real(path, arrays, contents)

    real = _step_files.write_part
    monkeypatch.setattr(_step_files, "write_part", write_part)
    errors = write(tmp_path)
    for error, reason in zip(
        errors,
        [
            "there is no part of process 1, which has failed, or does not share the folder.",
            "the disk is full.",
            "another process has failed: see its error.",
        ],
        strict=True,
    ):
        assert error.startswith("Step 1 could not be saved to ") and reason in error
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda path: part_path(path, 2).unlink(), "it has not 3 parts."),
        (
            lambda path: part_path(path, 2).write_bytes(part_path(path, 1).read_bytes()[:-1]),
            "part-00002.safetensors is damaged",
        ),
        (lambda path: flip(part_path(path, 2), -1), "checksums of `item.w.4-0` do not fit"),
        (lambda path: flip(part_path(path, 0), 40), "is damaged"),
    ],
    ids=["missing", "cut", "value", "header"],
)
def test_damage(tmp_path, damage, text):
    write(tmp_path)
    damage(tmp_path / "1")
    with pytest.raises(jm.CheckpointError, match="Step 1 of .* is damaged, or cannot be read") as e:
        restore(tmp_path)
    assert text in str(e.value)


def flip(path, index):
    data = bytearray(path.read_bytes())
    data[index] ^= 1
    path.write_bytes(data)


def test_a_piece_that_nobody_has_written(tmp_path):
    assert write(tmp_path, pieces=[0, 2]) == [None] * COUNT
    with pytest.raises(jm.CheckpointError, match="of `item.w` it has 16 of 24 elements"):
        restore(tmp_path)


def test_which_pieces_are_needed():
    entry = {"begin": [2, 0], "shape": [2, 4], "whole": [6, 4]}
    assert is_needed(entry, None)
    assert is_needed(entry, [(slice(3, 4), slice(None))])
    assert is_needed(entry, [(slice(0, 1),), (slice(None),)])
    assert not is_needed(entry, [(slice(0, 2), slice(None)), (slice(4, None), slice(0, 2))])
    assert not is_needed(entry, [])


def test_of_one_process_all_is_whole():
    array = jax.device_put(
        WHOLE[:, :2], jax.NamedSharding(jax.make_mesh((2,), ("data",)), jax.P("data"))
    )
    assert list(own_parts("w", array, is_main=True)) == [("w", array, None)]
    assert list(own_parts("w", array, is_main=False)) == []
    assert regions_of(array, array.shape) is None and regions_of(None, (3,)) is None
