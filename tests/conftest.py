"""One environment for every test: eight CPU devices, no windows, the same examples each run."""

import os

# JAX reads these when it is imported; the workers of pytest-xdist inherit them.
DEVICES = "--xla_force_host_platform_device_count"
os.environ["JAX_PLATFORMS"] = "cpu"
if DEVICES not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {DEVICES}=8".strip()
# Most tests run a program once: to compile it costs far more than to run it, and most of that
# goes into making fast machine code. With 0 in the environment the tests run optimized programs.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ["MPLBACKEND"] = "Agg"
os.environ["KERAS_BACKEND"] = "jax"

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# Compiling makes the first example slow, whatever the code under test does.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore", settings.get_profile("ci"), derandomize=False, max_examples=1000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def same_numbers(request: pytest.FixtureRequest) -> None:
    """Starts the generator `rng` of a test file anew, so that no test depends on those before."""
    if hasattr(request.module, "rng"):
        request.module.rng = np.random.default_rng(0)
