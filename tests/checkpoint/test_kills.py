"""A training that is killed at random moments and resumed equals one that was left alone."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import jax_metrics as jm

SCRIPT = Path(__file__).with_name("killed_training.py")


def flat(tree, name=""):
    if isinstance(tree, dict):
        return {
            path: leaf for key in tree for path, leaf in flat(tree[key], f"{name}.{key}").items()
        }
    if isinstance(tree, jax.Array):  # a random key
        return {name: (str(jax.random.key_impl(tree)), np.asarray(jax.random.key_data(tree)))}
    return {name: tree}


def same(a, b):
    if isinstance(a, tuple):
        return a[0] == b[0] and same(a[1], b[1])
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_and_resumed(tmp_path, kills):
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(kills)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr
    states = []
    for name in ("undisturbed", "killed"):
        with jm.Checkpointer(tmp_path / name, read_only=True) as checkpoints:
            assert checkpoints.steps() == [3 * kills, 3 * kills + 1]
            states.append(flat(checkpoints.restore()))
        assert sorted(path.name for path in (tmp_path / name).iterdir())[0] == ".lock"
        assert len(list((tmp_path / name).iterdir())) == 3  # no leftovers
    expected, found = states
    assert expected.keys() == found.keys() and len(expected) > 20
    assert {"model", "optimizer", "metric", "key", "data", "seen"} == {
        name.split(".")[1] for name in expected
    }
    assert [name for name in expected if not same(expected[name], found[name])] == []
