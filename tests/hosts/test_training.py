"""Processes on several hosts train to the values of one, and go on after any of them has ended.

Here the hosts are processes on this machine, which JAX connects over loopback.
"""

import signal

import numpy as np
import pytest
from processes import finish, run, started
from training_process import train

import jax_metrics as jm

STEPS = 6


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The results of one process, which has all the devices."""
    return train(tmp_path_factory.mktemp("alone"), "data", STEPS)


def results(folder, index=0):
    with np.load(folder / f"results-{index}.npz") as found:
        return dict(found)


def assert_as_alone(found, alone):
    assert found.keys() == alone.keys() and len(found) == 7
    for name, value in found.items():
        expected = alone[name][-len(value) :] if name == "losses" else alone[name]
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=name)


def same(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


@pytest.mark.slow
def test_two_processes(tmp_path, alone):
    printed = run(2, tmp_path, "fsdp", str(STEPS))
    assert [text.count("this is the main process") for text in printed] == [1, 0]
    first, second = results(tmp_path), results(tmp_path, 1)
    assert_as_alone(first, alone)
    assert all(same(first[name], second[name]) for name in first)
    # Each has saved its part, which any other number of processes can read.
    folder = tmp_path / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "4", "6"]
    assert len(list((folder / "6").iterdir())) == 2
    with jm.Checkpointer(folder, read_only=True) as checkpoints:
        restored = checkpoints.restore()
    weights = jm.state_dict(restored["model"])
    assert weights and all(same(value, first[name]) for name, value in weights.items())


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "count", "devices"), [("data", 4, 1), ("fsdp", 2, 2)])
def test_more_processes_and_devices(tmp_path, alone, rules, count, devices):
    run(count, tmp_path, rules, str(STEPS), devices=devices)
    assert_as_alone(results(tmp_path), alone)


@pytest.mark.slow
@pytest.mark.parametrize(("killed", "then"), [(1, 4), (0, 1)])
def test_one_is_killed(tmp_path, alone, killed, then):
    with started(2, tmp_path, "fsdp", str(STEPS), "SIGKILL", str(killed), "5") as processes:
        printed = finish(processes, tmp_path)
        codes = [process.poll() for process in processes]
    assert codes[killed] == -signal.SIGKILL
    assert codes[1 - killed] not in (None, 0)
    assert "This most likely indicates that another task died" in printed[1 - killed]
    assert "JAX distributed service detected fatal errors" in printed[1 - killed]
    # Another number of processes goes on from the last checkpoint; the kill may have come before
    # that of step 4 was complete.
    printed = run(then, tmp_path, "fsdp", str(STEPS))
    resumed = [text.split("resumed at ")[1].split()[0] for text in printed]
    assert resumed in (["2"] * then, ["4"] * then)
    assert_as_alone(results(tmp_path), alone)


@pytest.mark.slow
def test_one_is_told_to_end(tmp_path):
    printed = run(2, tmp_path, "data", "1000", "SIGTERM", "1", "3")
    left = [text.split("left at ")[1].split()[0] for text in printed]
    assert left[0] == left[1]
    with jm.Checkpointer(tmp_path / "checkpoints", read_only=True) as checkpoints:
        assert checkpoints.steps()[-1] == int(left[0])


@pytest.mark.slow
def test_one_process_goes_on_to_several_and_back(tmp_path, alone):
    train(tmp_path, "fsdp", 2)
    run(2, tmp_path, "fsdp", "4", devices=2)
    assert_as_alone(train(tmp_path, "data", STEPS), alone)
