"""The benchmarks run, and those of models and metrics compare what they compute."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script, *options, folder):
    """What a benchmark prints, on one device, as on a user's machine."""
    ran = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "XLA_FLAGS"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("model", ["resnet", "transformer", "lstm"])
def test_models_are_alike_in_all_libraries(model, tmp_path):
    pytest.importorskip("equinox")
    assert f"step {model}" in run("layers.py", "--quick", "--models", model, folder=tmp_path)


def test_metrics_compute_what_their_formulas_do(tmp_path):
    small = ["--rounds", "1", "--rows", "500", "--scores", "1000"]
    assert run("metrics.py", *small, folder=tmp_path).count("mean squared error") == 2


def test_files_are_measured(tmp_path):
    assert "load" in run("checkpoint.py", "--megabytes", "16", "--rounds", "1", folder=tmp_path)


@pytest.mark.parametrize("script", ["dispatch.py", "steps.py", "optimizer.py"])
def test_overheads_are_measured(script, tmp_path):
    pytest.importorskip("equinox")
    assert "3 layers" in run(script, "--layers", "3", "--rounds", "1", folder=tmp_path)
