import os

import jax
from hypothesis import settings


def test_eight_cpu_devices():
    assert jax.default_backend() == "cpu"
    assert jax.device_count() == 8


def test_hypothesis_repeats_itself():
    if os.environ.get("HYPOTHESIS_PROFILE", "ci") == "ci":
        assert settings.default.derandomize
    assert settings.default.deadline is None
