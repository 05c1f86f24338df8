"""Long runs, and many runs in a process: nothing grows, and nothing stays behind."""

import collections
import gc
import sys
import weakref

import jax
import problem
import pytest
from problem import fit

import jax_metrics as jm
from jax_metrics.training import Callback, Checkpoints, CSVLogger, EarlyStopping, KeepBest

pytestmark = pytest.mark.slow
MEGABYTE = 2**20


def cache_sizes():
    """The number of entries of each cache of the library, by its name."""
    sizes = {}
    for module, contents in list(sys.modules.items()):
        if not module.startswith("jax_metrics"):
            continue
        for name, value in vars(contents).items():
            if hasattr(value, "cache_info"):
                sizes[f"{module}.{name}"] = value.cache_info().currsize
            elif isinstance(
                value, weakref.WeakKeyDictionary | weakref.WeakValueDictionary | weakref.WeakSet
            ):
                sizes[f"{module}.{name}"] = len(value)
    return sizes


def counts():
    """How many objects of each type there are: layouts, weak references, and all others."""
    gc.collect()
    return collections.Counter(
        f"{type(x).__module__}.{type(x).__qualname__}" for x in gc.get_objects()
    )


def grown(before, after):
    """The types whose number has grown, with their numbers before and after."""
    # orbax remembers the last 32 paths.
    allowed = collections.Counter(
        {
            "etils.epath.gpath.PosixGPath": 32,
            "urllib.parse.SplitResult": 32,
            "builtins.tuple": 64,
            "builtins.list": 64,
        }
    )
    more = {name: (before[name], n) for name, n in after.items()}
    return {name: (a, b) for name, (a, b) in more.items() if b > a + 5 + allowed[name]}


def memory():
    """The bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


class Count(Callback):
    """Counts everything after some steps."""

    def __init__(self, *steps):
        self.steps, self.found = steps, []

    def on_step(self, run):
        if run.step in self.steps:
            jax.block_until_ready(run.trained)
            arrays = len(jax.live_arrays())
            self.found.append((counts(), arrays, cache_sizes(), memory()))


@pytest.mark.parametrize("kind", ["plain", "everything", "accumulated"])
def test_ten_thousand_steps_leave_nothing_behind(kind, tmp_path):
    count = Count(2_000, 4_000, 10_000)  # the first look imports what is lazy
    # After the last step its row is under way.
    options = {"model": problem.stateful_model, "callbacks": [count], "steps": 10_002}
    if kind == "everything":
        options["metrics"] = [jm.metrics.Accuracy(), jm.metrics.F1Score(num_classes=2)]
        options |= {"validation": problem.batches(8), "validate_every": 400, "log_every": 50}
        options["loggers"] = [CSVLogger(tmp_path / "rows.csv")]
        options["callbacks"] += [
            # In the background one would be under way while the objects are counted.
            Checkpoints(tmp_path / "checkpoints", every=250, asynchronous=False),
            EarlyStopping(patience=1000),
            KeepBest(),
        ]
    elif kind == "accumulated":
        options |= {"metrics": jm.metrics.Accuracy(), "accumulate": 2, "steps_per_call": 2}
        options["data"] = problem.batches(3)  # of 8 batches, so that calls end at even steps
    fit(**options)
    _, (before, arrays, caches, size), (after, *others) = count.found
    assert grown(before, after) == {}
    assert others[0] <= arrays and others[1] == caches
    assert others[2] < size + 30 * MEGABYTE


def one_run(folder):
    """A run with everything; weak references to what must go with it."""
    data, keeps = problem.batches(), KeepBest()
    run = fit(
        model=problem.stateful_model,
        data=data,
        steps=8,
        metrics=jm.metrics.Accuracy(),
        validation=problem.batches(8),
        callbacks=[keeps, Checkpoints(folder)],
        loggers=[CSVLogger(folder / "rows.csv")],
        log_every=3,
    )
    parts = run, data, keeps, run.optimizer, run.history, run.model, run.model[0].kernel, run.tally
    return [weakref.ref(part) for part in parts]


def failed_run(folder):
    """A run that ends with an error."""

    class Fails(Callback):
        def on_step(self, run):
            self.seen = run
            raise KeyError("failed")

    fails = Fails()
    with pytest.raises(KeyError):
        fit(model=problem.stateful_model, steps=8, callbacks=[fails, Checkpoints(folder)])
    return [weakref.ref(part) for part in (fails, fails.seen, fails.seen.model, fails.seen.data)]


@pytest.mark.parametrize("train", [one_run, failed_run])
def test_runs_in_one_process_are_freed(train, tmp_path):
    def repeat(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        refs = train(folder)
        gc.collect()
        return [type(found) for ref in refs if (found := ref()) is not None]

    for number in range(3):
        repeat(number)
        before, arrays, caches = counts(), len(jax.live_arrays()), cache_sizes()
    for number in range(3, 9):  # one object a run would be more than `grown` allows
        assert repeat(number) == []
    assert len(jax.live_arrays()) <= arrays
    assert grown(caches, cache_sizes()) == {}
    assert grown(before, counts()) == {}
