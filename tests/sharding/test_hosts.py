"""Connecting processes: what is refused, and what a process sees that is the only one."""

import subprocess
import sys

import jax
import numpy as np
import pytest

import jax_metrics as jm

# Each call fails before it connects, so that one process can try all of them.
BEFORE_CONNECTING = """
import os
import socket

import jax
import jax_metrics as jm

def refused(*args, **kwargs):
    try:
        jm.sharding.initialize(*args, **kwargs)
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)

refused(num_processes=2, process_id=1)
refused("10.0.0.1", 2, 1)
refused("10.0.0.1:1234", 2, 2)
with socket.create_server(("127.0.0.1", 0)) as server:
    refused(f"127.0.0.1:{server.getsockname()[1]}", 2, 0)
os.environ["JAX_COORDINATOR_ADDRESS"] = "10.0.0.1:1234"
refused()
del os.environ["JAX_COORDINATOR_ADDRESS"]
refused()  # nothing is configured
print("alone", jax.process_count(), jm.sharding.is_main(), jm.sharding.preempted(1))
refused()
"""


@pytest.mark.slow
def test_before_connecting():
    program = [sys.executable, "-c", BEFORE_CONNECTING]
    result = subprocess.run(program, capture_output=True, text=True, timeout=100)
    expected = [
        "ValueError The processes cannot be connected: coordinator_address should be defined. Pass "
        "`coordinator_address` (of process 0, as 'host:port'), `num_processes` and `process_id`",
        "ValueError `coordinator_address` expected an address with a port, such as '10.0.0.1:1234';"
        " got '10.0.0.1'.",
        "ValueError The processes cannot be connected: process_id and num_processes must be",
        "RuntimeError The port of `coordinator_address`, '127.0.0.1:",
        "ValueError The processes cannot be connected: Number of processes must be defined.",
        "alone 1 True False",
    ]
    lines = result.stdout.splitlines()
    assert len(lines) == len(expected), result.stdout + result.stderr
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)


def test_too_late():
    jax.devices()
    with pytest.raises(RuntimeError, match="at the very start of the program, before any array"):
        jm.sharding.initialize()


@pytest.mark.parametrize(
    ("numbers", "text"), [((2, 0), "num_processes=1, not 2"), ((None, 3), "process_id=0, not 3")]
)
def test_connected_otherwise(monkeypatch, numbers, text):
    monkeypatch.setattr(jax.distributed, "is_initialized", lambda: True)
    jm.sharding.initialize()
    jm.sharding.initialize("10.0.0.1:1234", 1, 0)
    with pytest.raises(RuntimeError, match=f"connected already, with {text}"):
        jm.sharding.initialize("10.0.0.1:1234", *numbers)


def test_other_errors_come_out(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no network")

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    with pytest.raises(RuntimeError, match="^no network$"):
        jm.sharding.initialize("10.0.0.1:1234", 2, 1)


mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
split = jax.NamedSharding(mesh, jax.P("data"))


def test_global_batch_of_one_process():
    local = {
        "x": np.arange(16.0).reshape(8, 2),
        "y": [np.arange(8), jax.numpy.ones(8), np.ones(8, ">f4")],
    }
    batch = jm.sharding.global_batch(local, split)
    assert all(leaf.sharding == split for leaf in jax.tree.leaves(batch))
    jax.tree.map(np.testing.assert_array_equal, batch, local)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (jax.P("data"), r"got .*\. A spec needs its mesh: `jax.NamedSharding\(mesh, spec\)"),
        (mesh, r"got Mesh.*\. A mesh needs a spec: `jax.NamedSharding\(mesh, jax.P\('data'\)\)`"),
        (None, r"got None .*\. Give one, as in `jax.NamedSharding\(mesh, jax.P\('data'\)\)`"),
    ],
)
def test_what_is_no_sharding(given, text):
    with pytest.raises(TypeError, match=f"`sharding` expected a `jax.sharding.Sharding`; {text}"):
        jm.sharding.global_batch({"x": np.ones(8, ">f4")}, given)


@pytest.mark.parametrize(
    ("local", "error", "text"),
    [
        ({"x": np.ones((6, 2))}, ValueError, r"`local\['x'\]` of shape \(6, 2\) in this process"),
        ({"x": 3.0}, ValueError, r"`local\['x'\]` expected an array of examples; got the scalar"),
        (np.ma.array(np.ones(8), mask=np.eye(8)[0]), TypeError, "local is a masked array of NumPy"),
        (np.full(8, 1e300), OverflowError, r"local holds the float64 1e\+300, which JAX would"),
        (np.full(8, 2**40), OverflowError, "local holds the int64 1099511627776"),
    ],
)
def test_bad_local_batches(local, error, text):
    with pytest.raises(error, match=text):
        jm.sharding.global_batch(local, split)
