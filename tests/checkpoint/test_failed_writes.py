"""Writes that fail, or are killed, leave the old file whole."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import safetensors.numpy

import jax_metrics as jm

OLD, NEW = {"a": np.ones(9), "b": np.ones(9)}, {"a": np.zeros(9), "b": np.zeros(9)}
SIZES = [None, 1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def fail_at(monkeypatch, call):
    """Has one of the calls that reach the disk fail, and returns how many were seen."""
    seen = []

    def wrap(module, name):
        original = getattr(module, name)

        def wrapped(*args, **kwargs):
            seen.append(name)
            if len(seen) == call:
                raise OSError(28, "No space left on device")
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, wrapped)

    wrap(os, "fsync")
    wrap(os, "replace")
    wrap(os, "chmod")
    wrap(safetensors.numpy, "save_file")
    return seen


@pytest.mark.parametrize("before", SIZES)
@pytest.mark.parametrize("after", SIZES)
def test_a_failure_at_any_call(path, monkeypatch, before, after):
    for call in range(1, 100):
        jm.save(path, OLD, shard_size=before)
        with monkeypatch.context() as patch:
            seen = fail_at(patch, call)
            try:
                jm.save(path, NEW, shard_size=after)
            except jm.CheckpointError as error:
                assert "could not be written" in str(error) and "No space left" in str(error)
        loaded = {array.sum() for array in jm.load(path).values()}
        assert loaded in ({9.0}, {0.0})
        assert not [name for name in os.listdir(path.parent) if name.endswith(".tmp")]
        if len(seen) < call:
            assert loaded == {0.0} and call > 4
            return
        if seen[call - 1] == "save_file":
            assert loaded == {9.0}


def test_leftovers_of_killed_writes_are_removed(path):
    folder = path.parent
    shard = "model-89abcdef-00001-of-00002.safetensors"
    ours = "model.safetensors", "model.safetensors.index.json", shard, shard[:5] + shard[14:]
    for name in (*(f"{name}.0123abcd" for name in ours), "other.safetensors.0123abcd"):
        (folder / f".{name}.tmp").mkdir()
        (folder / f".{name}.tmp" / ".tmpxyz").write_text("half of it")
    alive = folder / ".model.safetensors.4567abcd.tmp"
    alive.mkdir()
    descriptor = os.open(alive, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # as a process has that still writes
    jm.save(path, OLD)
    names = {name for name in os.listdir(folder) if name.endswith(".tmp")}
    assert names == {".other.safetensors.0123abcd.tmp", alive.name}
    os.close(descriptor)
    link = folder / "elsewhere" / "link.safetensors"
    link.parent.mkdir()
    link.symlink_to(path)
    jm.save(link, NEW)
    assert link.is_symlink() and not alive.exists()


def run(code, *arguments):
    code = "import jax_metrics as jm, numpy as np, sys\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("shard_size", SIZES)
def test_a_disk_without_room(path, shard_size):
    jm.save(path, OLD, shard_size=shard_size)
    code = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
    try:
        new = {"a": np.zeros(9), "b": np.zeros(5000)}
        jm.save(sys.argv[1], new, shard_size=int(sys.argv[2]) or None)
    except jm.CheckpointError as error:
        print(error)
    """
    output, _ = run(code, path, shard_size or 0).communicate(timeout=120)
    assert "could not be written" in output and "File too large" in output
    assert {array.sum() for array in jm.load(path).values()} == {9.0}


@pytest.mark.slow
@pytest.mark.parametrize("shard_size", [None, 300_000])
def test_a_kill_at_any_moment(path, shard_size):
    code = """
    print("ready", flush=True)
    for step in range(10**6):
        state = {str(i): np.full(10**4, float(step)) for i in range(40)}
        jm.save(sys.argv[1], state, shard_size=int(sys.argv[2]) or None)
        print(step, flush=True)
    """
    rng = random.Random(0)
    for _ in range(5):
        process = run(code, path, shard_size or 0)
        assert process.stdout is not None
        for _ in range(2):  # one save is through
            process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        loaded = jm.load(path)
        assert len(loaded) == 40 and len({float(array.mean()) for array in loaded.values()}) == 1
    jm.save(path, OLD, shard_size=shard_size)
    assert not [name for name in os.listdir(path.parent) if name.endswith(".tmp")]
