"""A run that signals end at random moments, and that is continued, equals one left alone."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import jax_metrics as jm

SCRIPT = Path(__file__).with_name("killed_fit.py")


def bits(leaf):
    if isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf).tobytes() if hasattr(leaf, "dtype") else leaf


@pytest.mark.slow
def test_signals_and_kills_at_random_moments(tmp_path):
    """SIGKILL, SIGTERM and SIGINT: each while it starts, and while it computes and saves."""
    command = [sys.executable, str(SCRIPT), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0, ran.stderr
    states, rows = [], []
    for name in ("undisturbed", "stopped"):
        with jm.Checkpointer(tmp_path / name / "checkpoints", read_only=True) as checkpoints:
            assert checkpoints.steps()[-1] == 6 * 24
            state = checkpoints.restore()
        states.append(jax.tree.map(bits, state))
        rows.append((tmp_path / name / "rows.csv").read_text())
    assert states[0] == states[1]
    assert rows[0] == rows[1] and rows[0].count("\n") > 6 * 24 / 5
