"""One environment for all tests: eight CPU devices, no windows, the same examples in each run."""

import atexit
import importlib.metadata
import os
import tempfile
from pathlib import Path


def add_xla_flag(flag: str, value: str) -> None:
    """Adds a flag to XLA_FLAGS, unless it is already there."""
    given = os.environ.get("XLA_FLAGS", "")
    if flag not in given:
        os.environ["XLA_FLAGS"] = f"{given} {flag}={value}".strip()


# JAX reads these when it is imported; the workers of pytest-xdist inherit them.
os.environ["JAX_PLATFORMS"] = "cpu"
# Most tests run a program once, so compiling costs far more than running, and most of that is
# spent on optimization. With 0 in the environment the tests run optimized programs.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
DEVICES = "--xla_force_host_platform_device_count"
add_xla_flag(DEVICES, "8")
# The older emitters of fusions take half the time to compile, and compiling a program in one piece
# takes less time than in several.
if os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] != "0":
    add_xla_flag("--xla_cpu_parallel_codegen_split_count", "1")
    # Later versions lack the older emitters, and an unknown flag ends the process.
    if importlib.metadata.version("jaxlib").startswith("0.10."):
        add_xla_flag("--xla_cpu_use_fusion_emitters", "false")
# Workers share compiled programs through a folder: a temporary one, unless the environment
# specifies another.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    programs = tempfile.TemporaryDirectory(prefix="jax-metrics-programs-")
    atexit.register(programs.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = programs.name
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Nothing reads from which lines of Python an operation of a program came, and telling takes time.
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")
os.environ["MPLBACKEND"] = "Agg"
os.environ["KERAS_BACKEND"] = "jax"

import collections  # noqa: E402
import gc  # noqa: E402
import itertools  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# Shells have background jobs ignore Ctrl-C, which some tests send; processes inherit this.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Until the tests are collected nothing is freed, so there is nothing to look for.
gc.disable()

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


@pytest.fixture(scope="session")
def environment() -> Callable[[int], dict[str, str]]:
    """A function of a number of devices: the environment of a process that has as many.

    With the other flags of XLA it compiles in half the time.
    """

    def of(devices: int) -> dict[str, str]:
        flags = os.environ["XLA_FLAGS"].split()
        kept = [flag for flag in flags if not flag.startswith(DEVICES)]
        return {**os.environ, "XLA_FLAGS": " ".join([*kept, f"{DEVICES}={devices}"])}

    return of


@pytest.fixture(autouse=True)
def same_numbers(request: pytest.FixtureRequest) -> None:
    """Resets the generator `rng` of a test file, so that no test depends on previous ones."""
    if hasattr(request.module, "rng"):
        request.module.rng = np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def short_collections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Has the collections of garbage in a test file look only at what that file has made."""
    collects = vars(request.module).get("gc") is gc
    if collects:
        gc.collect()
        gc.freeze()
    yield
    if collects:
        gc.unfreeze()


MAPS = Path("/proc/self/maps")
MOST_MAPS = 16_000
finished = itertools.count(1)


@pytest.fixture(autouse=True)
def room_for_programs() -> Iterator[None]:
    """Clears compiled programs before there are too many.

    Each uses some memory maps, and Linux allows a process 65,530; beyond that XLA crashes.
    """
    yield
    if next(finished) % 10 == 0 and MAPS.exists() and MAPS.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    """Closes the figures of a test, so that the next one does not draw into them."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


cases: collections.Counter[str] = collections.Counter()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks as slow what comes after the first quick cases of a test with `quick_cases`."""
    mark = item.get_closest_marker("quick_cases")
    if mark and not item.get_closest_marker("slow"):
        test = item.nodeid.partition("[")[0]
        cases[test] += 1
        if cases[test] > mark.args[0]:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Has the garbage collector leave alone what was imported, which nothing will free.

    Else each collection, of which tests of lifetimes ask for many, looks at all of it.
    """
    gc.collect()
    gc.freeze()
    # Tests leave large programs and traces alive, so the usual thresholds collect too often.
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Reports which tests a run skips."""
    if terminalreporter.config.option.markexpr == "not slow":
        terminalreporter.write_line(
            "Tests marked `slow` are left out: `-m slow` runs them, `-m ''` runs all."
        )
