"""The benchmarks of whole models and of metrics run, and compare what they compute."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("model", ["resnet", "transformer", "lstm"])
def test_models_are_alike_in_all_libraries(model, tmp_path):
    pytest.importorskip("equinox")
    # One device, as on a user's machine.
    env = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    run = subprocess.run(
        [sys.executable, str(BENCHMARKS / "layers.py"), "--quick", "--models", model],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"step {model}" in run.stdout


def test_metrics_compute_what_their_formulas_do(tmp_path):
    small = ["--rounds", "1", "--rows", "500", "--scores", "1000"]
    run = subprocess.run(
        [sys.executable, str(BENCHMARKS / "metrics.py"), *small],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("mean squared error") == 2
