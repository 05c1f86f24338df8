"""`Checkpoints`: when a run is saved, and how it continues."""

import itertools
import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import optax
import problem
import pytest
from problem import LOSS, X, Y, fit

import jax_metrics as jm
from jax_metrics.training import Callback, Checkpoints, EarlyStopping, KeepBest


def steps_in(folder):
    with jm.Checkpointer(folder, read_only=True) as checkpointer:
        return checkpointer.steps()


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "options, run, steps",
    [
        ({"every": 4, "keep": None}, {"steps": 10}, [4, 8, 10]),
        ({"every": 4, "keep": 2}, {"steps": 8}, [4, 8]),
        ({"every": 4, "keep": None}, {"steps": 10, "steps_per_call": 3}, [6, 9, 10]),
        ({"every": 100}, {"epochs": 1}, [6]),
        ({}, {"steps": 14}, [6, 12, 14]),
        ({"best": ("val/loss", "min"), "keep": None}, {"epochs": 2}, [6, 12]),
    ],
)
def test_when_it_saves(tmp_path, options, run, steps):
    fit(callbacks=[Checkpoints(tmp_path, **options)], validation=problem.batches(8), **run)
    assert steps_in(tmp_path) == steps


def test_a_checkpointer_stands_for_itself(tmp_path):
    with jm.Checkpointer(tmp_path, every=5, best=("val/loss", "min"), keep=None) as checkpointer:
        run = fit(callbacks=[checkpointer], validation=problem.batches(8), steps=8)
        assert checkpointer.steps() == [6, 8]  # the end of an epoch, and of the run; still open
        best = checkpointer.restore({"model": run.model}, step="best")["model"]
    assert jm.equal(best, run.model)


class Fails(Callback):
    """Fails after some steps, but only once."""

    def __init__(self, step):
        self.step = step

    def on_step(self, run):
        if run.step == self.step:
            self.step = None
            raise OSError("failed")


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"steps_per_call": 2}])
def test_after_an_error_it_continues_from_the_last_checkpoint(tmp_path, options):
    options = {"epochs": 4, "metrics": jm.metrics.Accuracy(), "log_every": 3, **options}
    keep = [KeepBest("val/accuracy"), EarlyStopping(patience=9)]
    expected = fit(**options, callbacks=keep, validation=problem.batches(8))
    fails = Fails(10)

    def callbacks():
        checkpoints = Checkpoints(tmp_path, every=4)
        return [fails, checkpoints, KeepBest("val/accuracy"), EarlyStopping(patience=9)]

    with pytest.raises(OSError, match="failed") as raised:
        fit(**options, callbacks=callbacks(), validation=problem.batches(8))
    assert any("The latest checkpoint: step 8, in" in note for note in raised.value.__notes__)
    run = fit(**options, callbacks=callbacks(), validation=problem.batches(8))
    assert run.restored and run.step == expected.step
    assert jm.equal((run.model, run.optimizer), (expected.model, expected.optimizer))
    assert run.history.rows == expected.history.rows


def endless_batches():
    """Of an iterator that can be read once, and has no state."""
    rows = (np.arange(4) + first for first in itertools.count())
    return jm.training.batches({"x": X[at % len(X)], "y": Y[at % len(X)]} for at in rows)


@pytest.mark.slow
def test_a_new_iterator_is_skipped_to_where_the_last_one_was(tmp_path):
    whole = fit(data=endless_batches(), steps=5)
    for steps in (2, 5):
        run = fit(data=endless_batches(), steps=steps, callbacks=[Checkpoints(tmp_path / "run")])
    assert jm.equal(run.model, whole.model)


def test_a_state_from_before_the_first_step_begins_with_the_first_batch():
    class First(Callback):
        def on_start(self, run):
            self.state = run.state["data"]

    first = First()
    fit(steps=1, callbacks=[first])
    assert first.state == problem.batches().state


@pytest.mark.slow
def test_a_finished_run_is_not_trained_further(tmp_path):
    first = fit(epochs=2, callbacks=[Checkpoints(tmp_path)])
    again = fit(epochs=2, callbacks=[Checkpoints(tmp_path)])
    assert again.step == 12 and jm.equal(again.model, first.model)
    longer = fit(epochs=3, callbacks=[Checkpoints(tmp_path)])
    assert longer.step == 18
    assert jm.equal(longer.model, fit(epochs=3).model)


@pytest.mark.slow
def test_a_run_that_stopped_early_is_trained_further_with_more_patience_only(tmp_path):
    def train(patience):
        stopping = EarlyStopping("loss", patience=patience, min_delta=1e3)
        return fit(epochs=8, callbacks=[stopping, Checkpoints(tmp_path / "run")])

    stopped, again = train(2), train(2)
    assert (stopped.step, again.step) == (18, 18)
    assert again.stopped == stopped.stopped is not None
    assert again.history.rows == stopped.history.rows
    assert jm.equal(again.model, stopped.model)
    assert train(4).step == 30


@pytest.mark.slow
def test_callbacks_may_be_added_to_a_run(tmp_path):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path)])
    run = fit(epochs=2, callbacks=[Checkpoints(tmp_path), EarlyStopping("loss")])
    assert run.step == 12


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 2])
def test_epochs_count_from_where_the_data_were_when_the_run_began(tmp_path, epochs):
    used = problem.batches(11)
    for _ in range(3):
        list(used)
    if epochs == 1:  # the run ends, and is trained further later; else it fails in the middle
        fit(data=used, epochs=1, callbacks=[Checkpoints(tmp_path)])
    else:
        with pytest.raises(OSError, match="failed"):
            fit(data=used, epochs=4, callbacks=[Checkpoints(tmp_path, every=2), Fails(3)])
    run = fit(data=problem.batches(11), epochs=4, callbacks=[Checkpoints(tmp_path)])
    assert (run.step, run.epoch, run.first_epoch, run.data.epoch) == (8, 4, 3, 7)


@pytest.mark.slow
def test_a_checkpoint_without_the_first_epoch_counts_from_the_data(tmp_path):
    run = fit(epochs=1)
    state = run.state
    del state["progress"]["first_epoch"]
    with jm.Checkpointer(tmp_path) as checkpointer:
        checkpointer.save(run.step, **state)
    assert fit(epochs=2, callbacks=[Checkpoints(tmp_path)]).step == 12


@pytest.mark.slow
def test_a_finished_run_may_be_rerun_with_another_monitor(tmp_path):
    first = fit(epochs=1, callbacks=[Checkpoints(tmp_path)])
    callbacks = [Checkpoints(tmp_path), KeepBest("val/loss")]
    again = fit(epochs=1, callbacks=callbacks, validation=problem.batches(22))
    assert again.step == 6 and jm.equal(again.model, first.model)


def test_parameters_that_are_not_finite_are_not_saved(tmp_path):
    poisoned = np.where(np.arange(22)[:, None] == 13, np.inf, X)
    data = jm.training.batches({"x": poisoned, "y": Y}, 4)
    with pytest.raises(FloatingPointError):
        fit(data=data, epochs=1, callbacks=[Checkpoints(tmp_path, every=1, keep=None)])
    assert steps_in(tmp_path) == [1, 2, 3]


class Extremes(jm.Module):
    """The largest input so far, and a number that stays infinite."""

    largest: jax.Array = jm.ModelState.node()
    unused: jax.Array = jm.ModelState.node()

    def __init__(self):
        self.largest = self.unused = -jnp.float32(jnp.inf)

    def __call__(self, x):
        self.largest = jnp.maximum(self.largest, jnp.abs(x).max())
        return x


@pytest.mark.slow
@pytest.mark.parametrize("layer", [jm.BatchNorm, Extremes])
def test_state_that_is_no_longer_finite_is_not_saved(tmp_path, caplog, layer):
    poisoned = np.where(np.arange(22)[:, None] == 13, np.inf, X)
    data = jm.training.batches({"x": poisoned, "y": Y}, 4)
    model = jm.Sequential(layer(), jm.Linear(2)).init(0, X[:2])
    optimizer = jm.Optimizer(optax.apply_if_finite(optax.sgd(0.1), 9))  # the parameters stay finite
    callbacks = [Checkpoints(tmp_path, every=1, keep=1)]
    run = jm.training.fit(
        model, optimizer, LOSS, data, steps=5, callbacks=callbacks, on_nan="ignore", progress=False
    )
    assert all(np.isfinite(p).all() for p in jax.tree.leaves(jm.filter(run.model, jm.Parameter)))
    assert steps_in(tmp_path) == [3]
    assert [record.getMessage().partition("`")[0] for record in caplog.records] == [
        "Step 4 is not saved: ",
        "Step 5 is not saved: ",
    ]


class Breaks(Callback):
    """Makes the parameters infinite after a step, and restores them after the next."""

    def on_step(self, run):
        if run.step == 6:
            self.kept = jm.copy((run.model, run.optimizer), arrays=True)
            run.model = jm.map(lambda x: x + jnp.inf, run.model, jm.Parameter)
        elif run.step == 7:
            run.model, run.optimizer = self.kept


@pytest.mark.slow
def test_the_value_of_a_state_that_is_not_saved_is_not_that_of_the_next(tmp_path):
    callbacks = [Breaks(), Checkpoints(tmp_path, best=("val/loss", "min"), keep=None)]
    fit(epochs=2, callbacks=callbacks, validation=problem.batches(8), on_nan="ignore")
    assert steps_in(tmp_path) == [12]


@pytest.mark.parametrize(
    ("best", "validation", "message"),
    [
        ("val/loss", None, "Checkpoints waits for 'val/loss', but there is no validation. Pass"),
        ("val/los", problem.batches(22), "Checkpoints waits for 'val/los', which the logs do not"),
        ("los", None, "Checkpoints waits for 'los', which the logs do not have; they have 'loss'"),
    ],
)
def test_a_best_value_that_never_comes_is_told_at_the_first_row(
    tmp_path, best, validation, message
):
    checkpoints = Checkpoints(tmp_path, best=(best, "min"))
    with pytest.raises(ValueError, match=message) as raised:
        fit(epochs=3, callbacks=[checkpoints], validation=validation)
    step = 0 if validation is None and best.startswith("val/") else 6
    assert f"after step {step} of the training" in raised.value.__notes__[0]


@pytest.mark.slow
def test_a_callback_that_is_used_again_saves_in_an_empty_folder(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run")
    for _ in range(2):
        fit(steps=2, callbacks=[checkpoints])
        assert steps_in(tmp_path / "run") == [2]
        shutil.rmtree(tmp_path / "run")


def test_other_data_are_refused(tmp_path):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path)])
    other = jm.training.batches({"x": X[:20], "y": Y[:20]}, 4, shuffle=0)
    with pytest.raises(ValueError, match="22"):
        fit(epochs=2, data=other, callbacks=[Checkpoints(tmp_path)])


def test_a_folder_with_checkpoints_can_be_refused(tmp_path):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path, resume=False)])
    with pytest.raises(FileExistsError, match=r"has checkpoints of the steps \[6\], but"):
        fit(epochs=1, callbacks=[Checkpoints(tmp_path, resume=False)])


def test_options_belong_to_the_checkpointer(tmp_path):
    with jm.Checkpointer(tmp_path) as checkpointer:
        with pytest.raises(TypeError, match="Give `keep` to the Checkpointer itself"):
            Checkpoints(checkpointer, keep=3)


@pytest.mark.parametrize("every", [0, -5, 2.5, True])
def test_every_is_a_number_of_steps(tmp_path, every):
    with pytest.raises(ValueError, match="`every` is a whole number of steps, at least 1; got"):
        Checkpoints(tmp_path, every=every)


def test_the_state_is_one_pytree_and_plain(tmp_path):
    run = fit(epochs=1)
    assert set(run.state) == {
        "model",
        "optimizer",
        "tally",
        "data",
        "progress",
        "history",
        "callbacks",
    }
    json.dumps({name: run.state[name] for name in ("data", "progress", "history")})
    with jm.Checkpointer(tmp_path) as checkpointer:
        checkpointer.save(run.step, **run.state)
        restored = checkpointer.restore(run.state)
    assert jm.equal(restored["model"], run.model) and restored["progress"]["step"] == 6
