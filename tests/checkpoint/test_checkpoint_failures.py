"""Saves that fail, and folders that cannot be used: clear errors, and nothing is lost."""

import builtins
import datetime
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import _step_files


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def checkpoints(folder):
    with jm.Checkpointer(folder) as checkpoints:
        yield checkpoints


def snapshot_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


ONES = jnp.ones(3)
SHAPE = jax.ShapeDtypeStruct((3,), jnp.float32)
deleted = jnp.ones(4)
deleted.delete()


def circular():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.save(2), "There is nothing to save. Name the items"),
        (lambda c: c.save(-1, a=1), "A step is a whole number, 0 or more; got -1"),
        (lambda c: c.save(True, a=1), "got True"),
        (lambda c: c.save("3", a=1), "got '3'"),
        (lambda c: c.save(1, a=1), "Step 1 does not come after step 1, the latest one in /"),
        (lambda c: c.save(2, **{"a.b": 1}), "Names of items are those of variables; got 'a.b'"),
        (lambda c: c.save(2, values={"a": "x"}, a=1), "`values` are numbers by name; got 'a': 'x'"),
        (
            lambda c: c.save(2, a={"t": datetime.timedelta(1), "b": {1, 2}}, s=SHAPE),
            r"(?s)`a.b` is a set, neither .* nor .*\n`a.t` is a timedelta.*\n`s` has a shape",
        ),
        (
            lambda c: c.save(2, m=[jm.Linear(2)], o=jm.Optimizer(optax.sgd(1))),
            "Not initialized: the Linear at m.0, the Optimizer at o. Call `model.init",
        ),
        (lambda c: c.save(2, a=deleted), "`a` was donated to a program, and is gone: save what"),
        (lambda c: c.save(2, a=np.array(["x"])), "`a` is a ndarray, neither"),
        (lambda c: jax.jit(lambda x: c.save(2, a=x))(1), "`a` is traced: call `save` outside of"),
        (lambda c: c.save(2, a={"x.y": ONES, "x": {"y": ONES}}), "have the name `a.x.y`"),
        (lambda c: c.save(2, a={"x.y": ONES, "x": ONES}), "There are both `a.x` and `a.x.y`"),
        (lambda c: c.save(2, a={"__tuple__": 1}), "The key '__tuple__' is reserved"),
        (lambda c: c.save(2, a=[{"__bytes__": 1}]), "The key '__bytes__' is reserved"),
        (lambda c: c.save(2, a=circular()), "`a` is nested too deeply"),
        (lambda c: c.restore([ONES]), "`like` is a dict of items by name.*got a list"),
        (
            lambda c: c.restore(step="lates"),
            "A step is 'latest', 'best', or a whole .* got 'lates'",
        ),
        (lambda c: c.restore(step=1.0), "got 1.0"),
        (lambda c: c.restore(step="best"), "Which checkpoint is the best"),
        (lambda c: c.restore({"a": jm.Linear(2)}), "Not initialized: the Linear at a"),
        (lambda c: c.delete("latest"), "A step is a whole number"),
    ],
)
def test_bad_arguments(checkpoints, folder, call, text):
    checkpoints.save(1, a=ONES)
    checkpoints.wait()
    before = snapshot_of(folder)
    with pytest.raises(jm.CheckpointError, match=text):
        call(checkpoints)
    checkpoints.wait()
    assert snapshot_of(folder) == before


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"keep": 0}, "`keep` is a whole number, at least 1; got 0"),
        ({"keep": 1.5}, "got 1.5"),
        ({"every": 0}, "`every` is a whole number, at least 1; got 0"),
        ({"every": True}, "got True"),
        ({"best": "loss"}, "`best` is the name of a number and 'max' or 'min'.*got 'loss'"),
        ({"best": ("loss", "low")}, r"got \('loss', 'low'\)"),
        ({"folder": "gs://bucket/run"}, "writes to a local folder; got 'gs://bucket/run'"),
        ({"folder": Path("s3://bucket/run")}, "writes to a local folder; got 's3:/bucket/run'"),
    ],
)
def test_bad_arguments_of_a_checkpointer(folder, arguments, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.Checkpointer(**{"folder": folder, **arguments})
    assert not folder.exists()


def test_the_value_of_the_best_is_required(folder):
    with jm.Checkpointer(folder, best=("acc", "max")) as checkpoints:
        with pytest.raises(
            jm.CheckpointError, match="chosen by 'acc', which `values` lacks; got {}"
        ):
            checkpoints.save(1, a=1)
        checkpoints.save(1, values={"acc": float("nan")}, a=1)
        with pytest.raises(FileNotFoundError, match="has a value 'acc', other than NaN.*there: 1"):
            checkpoints.restore(step="best")


def test_steps_that_are_not_there(checkpoints, folder):
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in /.*run yet"):
        checkpoints.restore()
    checkpoints.save(3, a=1)
    for call in (lambda: checkpoints.restore(step=2), lambda: checkpoints.delete(2)):
        with pytest.raises(FileNotFoundError, match="no step 2 in /.*run. The steps there: 3"):
            call()
    with pytest.raises(FileNotFoundError, match="There is no folder /.*none to restore from"):
        jm.Checkpointer(folder / "none", read_only=True)


def test_closed(folder):
    checkpoints = jm.Checkpointer(folder)
    checkpoints.save(1, a=1)
    checkpoints.close()
    checkpoints.close()
    for call in (checkpoints.steps, checkpoints.restore, checkpoints.wait):
        with pytest.raises(jm.CheckpointError, match="run is closed. Call it inside its `with`"):
            call()
    with pytest.raises(jm.CheckpointError, match="is closed"):
        checkpoints.save(2, a=1)


@pytest.fixture
def failing(monkeypatch):
    """Has the write of a step fail, after some of it is on disk."""

    def fail(after=""):
        original = _step_files.OrbaxStore.write

        def write(self, step, arrays, contents):
            if after == "all":
                original(self, step, arrays, contents)
            (self._folder / f"{step}.orbax-checkpoint-tmp").mkdir()
            monkeypatch.undo()
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_step_files.OrbaxStore, "write", write)

    return fail


@pytest.mark.parametrize("after", ["", "all"])
def test_a_failed_save_is_told_once_and_the_next_one_is_new(checkpoints, folder, failing, after):
    text = "Step 2 could not be saved to .*run, and the older .* unchanged: .*No space left"
    for call in (
        lambda: checkpoints.save(3, a=3),
        checkpoints.steps,
        checkpoints.wait,
        checkpoints.restore,
        lambda: checkpoints.delete(1),
    ):
        if not (folder / "1").exists():
            checkpoints.save(1, a=1)
            checkpoints.wait()
        failing(after)
        assert checkpoints.save(2, a=2)
        checkpoints._background._thread.join()
        with pytest.raises(jm.CheckpointError, match=text):
            call()
        assert sorted(os.listdir(folder)) == [".lock", "1"]
        assert checkpoints.restore() == {"a": 1}
        assert checkpoints.save(2, a="new")
        assert checkpoints.restore() == {"a": "new"}
        checkpoints.delete(2)


def test_a_failed_save_is_told_by_steps_that_are_not_saved(folder, failing):
    with jm.Checkpointer(folder, every=10) as checkpoints:
        failing()
        checkpoints.save(10, a=2)
        checkpoints._background._thread.join()
        with pytest.raises(jm.CheckpointError, match="Step 10 could not be saved"):
            checkpoints.save(11, a=2)
        assert not checkpoints.save(12, a=2)


def test_a_failed_save_is_told_at_the_end(folder, failing):
    with pytest.raises(jm.CheckpointError, match="Step 1 could not be saved"):
        with jm.Checkpointer(folder) as checkpoints:
            failing()
            checkpoints.save(1, a=2)
    with pytest.raises(KeyError) as info:
        with jm.Checkpointer(folder) as checkpoints:
            failing()
            checkpoints.save(1, a=2)
            raise KeyError("the first error")
    (note,) = info.value.__notes__
    assert "Step 1 could not be saved" in note
    with jm.Checkpointer(folder, asynchronous=False) as checkpoints:
        failing()
        with pytest.raises(jm.CheckpointError, match="Step 1 could not be saved"):
            checkpoints.save(1, a=2)
        checkpoints.save(1, a=2)
        assert checkpoints.steps() == [1]


def test_old_steps_that_cannot_be_removed(folder, monkeypatch):
    with jm.Checkpointer(folder, keep=1) as checkpoints:
        checkpoints.save(1, a=1)
        checkpoints.wait()
        with monkeypatch.context() as patch:

            def rename(source, target, original=os.rename):
                if ".deleted-" in str(target):
                    raise PermissionError(13, "Permission denied")
                original(source, target)

            patch.setattr(os, "rename", rename)
            checkpoints.save(2, a=2)
            with pytest.raises(
                jm.CheckpointError, match="Step 1 could not be removed from .*denied"
            ):
                checkpoints.wait()
            with pytest.raises(
                jm.CheckpointError, match="Step 1 could not be removed from .*denied"
            ):
                checkpoints.delete(1)
        assert checkpoints.steps() == [1, 2]
        checkpoints.save(3, a=3)
        assert checkpoints.steps() == [3]


def test_the_arrays_are_copied_before_save_returns(checkpoints, monkeypatch):
    begin = threading.Event()
    original = _step_files.contents_of
    monkeypatch.setattr(_step_files, "contents_of", lambda *args: begin.wait() and original(*args))
    mesh = jax.sharding.NamedSharding(jax.make_mesh((8,), ("x",)), jax.P("x"))
    numpy, device = np.arange(8.0), jnp.arange(8.0)
    sharded, key = jax.device_put(jnp.arange(8.0), mesh), jax.random.key(3)
    plain = {"a": [1]}
    checkpoints.save(1, numpy=numpy, device=device, sharded=sharded, key=key, plain=plain)
    numpy[:] = -1
    plain["a"].append(2)
    overwrite = jax.jit(lambda *arrays: [-array for array in arrays], donate_argnums=(0, 1))
    results = jax.block_until_ready(overwrite(device, sharded))
    assert device.is_deleted() and sharded.is_deleted() and results[0][1] == -1
    del key
    begin.set()
    restored = checkpoints.restore()
    for name in ("numpy", "device", "sharded"):
        assert np.array_equal(restored[name], np.arange(8.0)), name
    assert restored["key"] == jax.random.key(3) and restored["plain"] == {"a": [1]}


LIBRARY = "import sys, jax_metrics as jm, numpy as np\n"


def run(code, *arguments):
    command = [sys.executable, "-c", LIBRARY + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_on_one_folder(folder):
    code = """
    import os
    checkpoints = jm.Checkpointer(sys.argv[1], asynchronous=False)
    checkpoints.save(1, a=1)
    if os.fork() == 0:  # as a loader of data does, which may live longer
        sys.stdin.read()
        os._exit(0)
    print("ready", flush=True)
    sys.stdin.read()
    """
    process = run(code, folder)
    assert process.stdout.readline() == "ready\n"
    text = f"run is in use by process {process.pid} on .*`read_only=True`"
    with pytest.raises(jm.CheckpointError, match=text):
        jm.Checkpointer(folder)
    with jm.Checkpointer(folder, read_only=True) as reader:
        assert reader.restore() == {"a": 1}
    process.send_signal(signal.SIGKILL)
    process.wait()
    with jm.Checkpointer(folder) as checkpoints:
        assert checkpoints.restore() == {"a": 1}
        with pytest.raises(jm.CheckpointError, match="in use by another Checkpointer of this proc"):
            jm.Checkpointer(folder)
    jm.Checkpointer(folder).close()
    process.communicate()


def test_a_disk_that_is_full(folder):
    code = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with jm.Checkpointer(sys.argv[1]) as checkpoints:
        checkpoints.save(1, a=np.ones(5))
        checkpoints.wait()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
        checkpoints.save(2, a=np.random.default_rng(0).random(50_000))
        try:
            checkpoints.save(3, a=np.ones(5))
        except jm.CheckpointError as error:
            print(str(error).replace("\\n", " "))
        print(checkpoints.steps(), checkpoints.save(2, a=np.zeros(5)), checkpoints.steps())
        print(checkpoints.restore()["a"].sum(), checkpoints.restore(step=1)["a"].sum())
    """
    output, _ = run(code, folder).communicate()
    error, steps, sums = output.splitlines()
    assert "Step 2 could not be saved to" in error and "File too large" in error
    assert steps == "[1] True [1, 2]" and sums == "0.0 5.0"
    assert sorted(os.listdir(folder)) == [".lock", "1", "2"]


def refuse(monkeypatch, folder):
    """Denies writing to a folder, also for the superuser, whom permissions do not stop."""
    original = os.open

    def denying(path, flags, *args, **kwargs):
        if str(path).startswith(str(folder)) and flags & (os.O_CREAT | os.O_RDWR | os.O_WRONLY):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", denying)


def test_a_folder_without_permission(folder, monkeypatch):
    with jm.Checkpointer(folder) as checkpoints:
        checkpoints.save(1, a=1)
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            refuse(monkeypatch, folder)
        (folder / ".lock").chmod(0o444)
        before = snapshot_of(folder)
        with pytest.raises(
            jm.CheckpointError, match="cannot be saved to /.*run: Permission denied"
        ):
            jm.Checkpointer(folder)
        with jm.Checkpointer(folder, read_only=True) as reader:
            assert reader.restore() == {"a": 1}
        assert snapshot_of(folder) == before
    finally:
        folder.chmod(0o755)


def test_a_file_in_the_place_of_the_folder(folder):
    folder.write_text("x")
    with pytest.raises(jm.CheckpointError, match="cannot be saved to /.*run: File exists. Choose"):
        jm.Checkpointer(folder)


def test_a_folder_that_disappears(checkpoints, folder):
    checkpoints.save(1, a=1)
    checkpoints.wait()
    folder.rename(folder.with_name("moved"))
    with pytest.raises(jm.CheckpointError, match="run cannot be read: No such file"):
        checkpoints.steps()


def test_leftovers_are_removed_when_the_folder_is_opened(folder):
    for name in ("3.orbax-checkpoint-tmp", "4.orbax-checkpoint-tmp-1", ".deleted-2", "mine.tmp"):
        (folder / name / "arrays").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    jm.Checkpointer(folder, read_only=True).close()
    assert len(os.listdir(folder)) == 5
    with jm.Checkpointer(folder) as checkpoints:
        assert checkpoints.steps() == []
    assert sorted(os.listdir(folder)) == [".lock", "mine.tmp", "notes.txt"]


def test_without_orbax_the_error_names_the_extra(folder, monkeypatch):
    original = builtins.__import__
    for name in [name for name in sys.modules if name.startswith("orbax")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "orbax", None)
    with pytest.raises(
        ImportError, match=r"need the package orbax: `pip install 'jax-metrics\[che"
    ):
        jm.Checkpointer(folder)
    assert not folder.exists() and builtins.__import__ is original
