"""When an eager update raises for a broken rule."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Mean, Metrics, MinMax, Total, _check_modes, checks


class Small(jm.Metric):
    """Adds values, which must be small."""

    def __init__(self, **options):
        super().__init__(**options)
        self.total = Total()

    def update(self, values):
        fault = jm.metrics.check(values < 9, "values must be below {9}.")
        self.total += values.sum() + fault

    def compute(self):
        return self.total.value


class Host(Small):
    jittable = False


GOOD, BAD = jnp.arange(3), jnp.array([1, 10, 2])
MESSAGE = r"values must be below \{9\}\.$"


@pytest.fixture(autouse=True)
def restored():
    before = _check_modes.ChosenChecks._of_program
    yield
    _check_modes.ChosenChecks._of_program = before


@pytest.mark.parametrize(
    "make", [Small, lambda: Metrics([Mean(), Small()]), lambda: MinMax(Small())]
)
def test_the_next_compute_raises_what_an_update_noticed(make):
    metric = make()
    with checks("compute"):
        metric.update(GOOD)
        metric.compute()
        metric.update(BAD).update(GOOD)
    for _ in range(2):
        with pytest.raises(ValueError, match=MESSAGE):
            metric.compute()
    with pytest.raises(ValueError, match=MESSAGE):
        metric.compute_logs()
    metric.reset().compute()
    metric.update(GOOD).compute()


@pytest.mark.parametrize("take", [lambda m: m + Small(), lambda m: Small().merge_state(m)])
def test_what_was_noticed_goes_on_into_merged_metrics(take):
    with checks("compute"):
        metric = Small().update(BAD)
    with pytest.raises(ValueError, match=MESSAGE):
        take(metric).compute()


def test_calls_and_functions():
    metric = Small()
    with checks("compute"):
        assert np.isnan(metric(BAD))
        with pytest.raises(ValueError, match=MESSAGE):  # there is no later `compute`
            jm.metrics.functional(Small)(BAD)
    with pytest.raises(ValueError, match=MESSAGE):
        metric.compute()


def test_a_failure_is_kept_through_many_updates(monkeypatch):
    monkeypatch.setattr(_check_modes, "_MOST_PENDING", 2)
    early, late = Small(), Small()
    with checks("compute"):
        for step in range(6):
            early.update(BAD if step == 0 else GOOD)
            late.update(BAD if step == 5 else GOOD)
    assert len(_check_modes._noticed[early]) <= 2
    for metric in (early, late):
        with pytest.raises(ValueError, match=MESSAGE):
            metric.compute()


@pytest.mark.parametrize("cls", [Small, Host])
def test_never(cls):
    with checks("never"):
        assert np.isnan(cls().update(BAD).compute())
        assert cls().update(GOOD).compute() == 3


def test_what_is_not_traced_raises_at_once():
    metric = Host()
    with checks("compute"), pytest.raises(ValueError, match=MESSAGE):
        metric.update(BAD)
    assert metric.compute() == 0


def test_for_the_program_and_for_a_block():
    checks("never")
    assert np.isnan(Small().update(BAD).compute())
    with checks("update"):
        with pytest.raises(ValueError, match=MESSAGE):
            Small().update(BAD)
        with checks("never"):
            Small().update(BAD)
        with pytest.raises(ValueError, match=MESSAGE):
            Small().update(BAD)
    Small().update(BAD)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(_check_modes.current_mode()))
    with checks("compute"):
        thread.start()
        thread.join()
    assert seen == ["never"]


def test_the_default_follows_the_device(monkeypatch):
    assert _check_modes.current_mode() == "update"
    for backend, mode in [("gpu", "compute"), ("tpu", "compute"), ("cpu", "update")]:
        _check_modes._default_mode.cache_clear()
        monkeypatch.setattr(jax, "default_backend", lambda backend=backend: backend)
        assert _check_modes.current_mode() == mode


def test_switching_does_not_compile_anew():
    traces = []

    class Traced(Small):
        def update(self, values):
            traces.append(1)
            super().update(values)

    metric = Traced().update(GOOD)
    with checks("never"):
        metric.update(GOOD)
    metric.update(GOOD)
    assert len(traces) == 1


def test_no_such_mode():
    with pytest.raises(ValueError, match="checks must be one of 'update', 'compute', 'never'"):
        checks("always")


# -- checks within transformations ---------------------------------------------------------------


@jax.jit
def helper(value):
    return value + jm.metrics.check(value < 9, "values must be below {9}.")


def scan(values):
    return jax.lax.scan(lambda total, x: (total + helper(x), None), 0.0, values)[0]


WITHIN = {
    "jit": lambda values: helper(values).sum(),
    "scan": scan,
    "vmap": lambda values: jax.vmap(helper)(values).sum(),
    "cond": lambda values: jax.lax.cond(values.sum() > 0, scan, lambda x: 0.0, values),
    "checkpoint": jax.checkpoint(scan),
    "while": lambda values: jax.lax.fori_loop(
        0, len(values), lambda i, total: total + helper(values[i]), 0.0
    ),
}


class Within(jm.Metric):
    """Checks inside of a transformation."""

    def __init__(self, way):
        self.way = way
        self.total = Total()

    def update(self, values):
        self.total += WITHIN[self.way](values)

    def compute(self):
        return self.total.value


@pytest.mark.slow
@pytest.mark.parametrize("way", WITHIN)
def test_checks_within_transformations_raise_too(way):
    good, bad = GOOD.astype(float), BAD.astype(float)
    # Traced first, where the function is kept without its checks.
    traced = jax.jit(lambda metric, values: metric.update(values))
    assert np.isnan(traced(Within(way), bad).compute())
    metric = Within(way)
    assert metric.update(good).compute() == 3
    collection = Metrics([Within(way)])
    for call in (metric.update, metric, collection.update, jm.copy(metric).batch_updates):
        with pytest.raises(ValueError, match=MESSAGE):
            call(bad)
    assert metric.compute() == 3
    with checks("compute"):
        metric.update(bad)
    with pytest.raises(ValueError, match=MESSAGE):
        metric.compute()


def test_what_checkify_cannot_look_into_becomes_nan():
    class Loops(jm.Metric):
        def __init__(self):
            self.total = Total()

        def update(self, values):
            def grow(x):
                return jax.lax.while_loop(lambda y: y < 9, lambda y: 2 * helper(y), x + 1)

            self.total += jax.vmap(grow)(values).sum()

        def compute(self):
            return self.total.value

    assert np.isfinite(Loops().update(GOOD.astype(float)).compute())
