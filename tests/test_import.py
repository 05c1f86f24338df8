import importlib.metadata
import subprocess
import sys

import jax_metrics as jm

HEAVY = {
    "equinox",
    "gguf",
    "haiku",
    "huggingface_hub",
    "matplotlib",
    "orbax",
    "safetensors",
    "sklearn",
    "tensorboard",
    "tokenizers",
    "torch",
}


def test_import_loads_no_optional_package():
    code = "import jax_metrics, sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert HEAVY & set(run.stdout.split()) == set()


def test_version_is_that_of_the_distribution():
    assert jm.__version__ == importlib.metadata.version("jax-metrics")
